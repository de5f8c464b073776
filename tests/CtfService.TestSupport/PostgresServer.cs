using System.Net;
using System.Net.Sockets;

namespace CtfService.TestSupport;

/// <summary>A PostgreSQL server of the installed version, with a folder and a port of its own.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Versions = "/usr/lib/postgresql"; // where Debian and Ubuntu keep the programs of the server, which are on no search path

    private const string User = "postgres";

    private static readonly string? Programs =
        Path.GetDirectoryName(InstalledProgram.Find("initdb"))
        ?? (Directory.Exists(Versions) ? Directory.GetDirectories(Versions) : [])
            .Order(StringComparer.Ordinal)
            .Select(version => Path.Combine(version, "bin"))
            .LastOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")));

    private readonly TemporaryFolder _folder = new();
    private readonly int _port = FreePort();
    private bool _isRunning;

    private PostgresServer()
    {
    }

    /// <summary>What a test without PostgreSQL says; null if it is installed.</summary>
    public static string? Missing { get; } = Programs is null ? "PostgreSQL is not installed; on Debian: apt-get install postgresql" : null;

    public string ConnectionString => $"Host=127.0.0.1;Port={_port};Username={User};Database={User}";

    public static async Task<PostgresServer> StartNewAsync()
    {
        var server = new PostgresServer();
        if (Environment.IsPrivilegedProcess)
        {
            await Run("chown", [User, server._folder.Root]);
        }

        await RunAsync("initdb", "-D", server.Data, "-U", User, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync");
        await server.StartAsync();
        return server;
    }

    public async Task StartAsync()
    {
        await ControlAsync("start");
        _isRunning = true;
    }

    /// <summary>Ends the server and all connections.</summary>
    public async Task StopAsync()
    {
        await ControlAsync("stop", "-m", "immediate");
        _isRunning = false;
    }

    public async ValueTask DisposeAsync()
    {
        if (_isRunning)
        {
            await StopAsync();
        }

        _folder.Dispose();
    }

    private string Data => _folder.File("data");

    private Task ControlAsync(params string[] command)
    {
        var settings = $"-p {_port} -k {_folder.Root} -c listen_addresses=127.0.0.1 -c fsync=off";
        return RunAsync("pg_ctl", ["-D", Data, "-w", "-s", "-l", _folder.File("log"), "-o", settings, .. command]);
    }

    /// <summary>Runs a program of PostgreSQL, which refuses to run as root.</summary>
    private static Task RunAsync(string program, params string[] arguments)
    {
        var path = Path.Combine(Programs ?? throw new InvalidOperationException(Missing), program);
        return Environment.IsPrivilegedProcess ? Run("runuser", ["-u", User, "--", path, .. arguments]) : Run(path, arguments);
    }

    private static async Task Run(string program, string[] arguments)
    {
        var run = await ProgramRun.Of(program, arguments, Path.GetTempPath());
        if (run.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {run}");
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
