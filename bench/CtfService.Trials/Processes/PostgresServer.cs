namespace CtfService.Trials.Processes;

/// <summary>A PostgreSQL server of the installed version with a folder and a port of its own.</summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    private const string Versions = "/usr/lib/postgresql"; // where Debian and Ubuntu keep the servers

    private const string User = "postgres";

    private readonly string _programs;
    private readonly string _folder;

    private PostgresServer(string programs, string folder)
    {
        _programs = programs;
        _folder = folder;
    }

    public int Port { get; } = FreePort.Next();

    public string ConnectionString => ConnectionThrough(Port);

    /// <param name="folder">An empty folder.</param>
    /// <exception cref="InvalidOperationException">PostgreSQL is not installed, or did not start.</exception>
    public static async Task<PostgresServer> StartAsync(string folder)
    {
        var programs = Directory.Exists(Versions)
            ? Directory.GetDirectories(Versions).Select(version => Path.Combine(version, "bin")).LastOrDefault(bin => File.Exists(Path.Combine(bin, "initdb")))
            : null;
        var server = new PostgresServer(
            programs ?? throw new InvalidOperationException($"There is no PostgreSQL in {Versions}. On Debian: apt-get install postgresql"), folder);
        if (Environment.IsPrivilegedProcess)
        {
            await ProgramRun.OfAsync("chown", User, folder);
            await ProgramRun.OfAsync("chmod", "a+x", Path.GetDirectoryName(folder)!);
        }

        await server.RunAsync("initdb", "-D", server.Data, "-U", User, "-A", "trust", "--no-sync");
        await server.ControlAsync("start");
        return server;
    }

    /// <param name="isCrash">True to end it without a shutdown, so that it recovers from its log; connections break in both cases.</param>
    public Task RestartAsync(bool isCrash) => ControlAsync("restart", "-m", isCrash ? "immediate" : "fast");

    public Task StopAsync() => ControlAsync("stop", "-m", "immediate");

    public Task StartAgainAsync() => ControlAsync("start");

    /// <param name="port">Port that leads to the server.</param>
    public static string ConnectionThrough(int port) => $"Host=127.0.0.1;Port={port};Username={User};Database={User}";

    public async ValueTask DisposeAsync()
    {
        if (File.Exists(Path.Combine(Data, "postmaster.pid")))
        {
            await StopAsync();
        }
    }

    private string Data => Path.Combine(_folder, "data");

    private Task ControlAsync(params string[] arguments) => RunAsync(
        "pg_ctl",
        ["-D", Data, "-w", "-s", "-l", Path.Combine(_folder, "log"), "-o", $"-p {Port} -k {_folder} -c listen_addresses=127.0.0.1", .. arguments]);

    /// <summary>Runs a program of PostgreSQL, which refuses to run as root.</summary>
    private Task RunAsync(string program, params string[] arguments)
    {
        var path = Path.Combine(_programs, program);
        return Environment.IsPrivilegedProcess
            ? ProgramRun.OfAsync("runuser", ["-u", User, "--", path, .. arguments])
            : ProgramRun.OfAsync(path, arguments);
    }
}
