using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using CtfService.TestSupport;

namespace CtfService.EndToEnd.Tests.Gateway;

/// <summary>A replica or the gateway as a process of its own, which can be killed, stopped and started again on the same port.</summary>
internal sealed class ClusterProcess(string program, params string[] settings) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly int _port = FreePort();
    private Process? _process;

    public string Address => $"http://127.0.0.1:{_port}";

    /// <summary>Starts the process and returns when it is ready.</summary>
    /// <exception cref="InvalidOperationException">The process ended, or was not ready within a minute.</exception>
    public async Task StartAsync()
    {
        string[] command = [Path.Combine(AppContext.BaseDirectory, $"{program}.dll"), $"--urls={Address}", .. settings];
        _process = Process.Start(new ProcessStartInfo("dotnet", command) { RedirectStandardOutput = true })!;
        _process.OutputDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        using var client = new HttpClient();
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (var started = Stopwatch.GetTimestamp(); await HealthAsync(client) is null;)
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(started) > Patience)
            {
                throw new InvalidOperationException($"{program} at {Address} did not become ready.");
            }

            await pause.WaitForNextTickAsync();
        }
    }

    /// <summary>Ends the process as <c>kill -9</c> does.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Sends SIGTERM and returns the exit code when the process has ended.</summary>
    public async Task<int> StopAsync()
    {
        await ProgramRun.Of("kill", ["-TERM", $"{_process!.Id}"], AppContext.BaseDirectory);
        await _process.WaitForExitAsync().WaitAsync(Patience);
        return _process.ExitCode;
    }

    /// <summary>Waits until the gateway sends requests to so many replicas.</summary>
    public async Task WaitForReplicasAsync(int count)
    {
        using var client = new HttpClient();
        using var limit = new CancellationTokenSource(Patience);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (await HealthAsync(client) is not { } health || health.GetProperty("replicas_ready").GetInt32() != count)
        {
            await pause.WaitForNextTickAsync(limit.Token);
        }
    }

    public void Dispose()
    {
        _process?.Kill(entireProcessTree: true);
        _process?.Dispose();
    }

    /// <summary>Returns null unless the process is ready.</summary>
    private async Task<JsonElement?> HealthAsync(HttpClient client)
    {
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(await client.GetStringAsync(new Uri($"{Address}/health/ready")));
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
