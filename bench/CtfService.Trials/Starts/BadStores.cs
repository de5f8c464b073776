using System.Net;
using System.Net.Sockets;
using CtfService.Trials.Processes;
using CtfService.Trials.Reports;

namespace CtfService.Trials.Starts;

/// <summary>Stores of jobs that cannot be opened. With an installed PostgreSQL also databases that refuse.</summary>
internal sealed class BadStores : IAsyncDisposable
{
    private readonly TrialFolder _folder;
    private readonly PostgresServer? _server;
    private readonly TcpListener _silent = new(IPAddress.Loopback, 0);
    private readonly FileStream _lock;

    private BadStores(TrialFolder folder, PostgresServer? server)
    {
        (_folder, _server) = (folder, server);
        _silent.Start(); // accepts connections and says nothing
        File.WriteAllText(folder.File("a-file"), "a file where the folder should be");
        File.WriteAllText(Path.Combine(folder.Empty("damaged"), "jobs.db"), new string('x', 8_192));
        var held = folder.Empty("held");
        File.WriteAllText(Path.Combine(held, "jobs.db"), "");
        _lock = new FileStream(Path.Combine(held, "jobs.db.lock"), FileMode.Create, FileAccess.ReadWrite, FileShare.None);
    }

    public static async Task<BadStores> PrepareAsync(TrialFolder folder, TrialReport report)
    {
        try
        {
            return new(folder, await PostgresServer.StartAsync(folder.Empty("postgres")));
        }
        catch (InvalidOperationException missing)
        {
            report.Measure("databases that refuse", $"skipped: {missing.Message}");
            return new(folder, server: null);
        }
    }

    public IEnumerable<BadStart> Starts() =>
    [
        new("a store in a file", [$"--Storage:Folder={_folder.File("a-file", "data")}"], BadStart.ForGood, "is a file, not a folder"),
        new("a store that cannot be written", ["--Storage:Folder=/proc/data"], BadStart.ForGood, "Storage:Folder"),
        new("a SQLite file that is damaged", [$"--Storage:Folder={_folder.File("damaged")}"], BadStart.ForGood, "is damaged"),
        new("a SQLite file that another process holds", [$"--Storage:Folder={_folder.File("held")}"], BadStart.ForNow, "another running process"),
        Postgres("a PostgreSQL server that is down", "Host=127.0.0.1;Port=1;Username=ctf;Database=ctf", BadStart.ForNow, "cannot be reached"),
        Postgres(
            "a PostgreSQL server that says nothing",
            $"Host=127.0.0.1;Port={((IPEndPoint)_silent.LocalEndpoint).Port};Username=ctf;Database=ctf",
            BadStart.ForNow,
            "answer"),
        .. _server is null ? [] : OfServer(_server.ConnectionString),
    ];

    public async ValueTask DisposeAsync()
    {
        await _lock.DisposeAsync();
        _silent.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    private static BadStart[] OfServer(string works) =>
    [
        Postgres("a PostgreSQL database that does not exist", $"{works};Database=nowhere", BadStart.ForGood, "refuses access"),
        Postgres("a PostgreSQL user that does not exist", $"{works};Username=nobody", BadStart.ForGood, "refuses access"),
    ];

    private static BadStart Postgres(string name, string connection, int exitCode, string cause) =>
        new(name, [$"--Storage:ConnectionString={connection}"], exitCode, cause);
}
