using System.Diagnostics;

namespace CtfService.TestSupport;

/// <summary>The service in a separate process, by default with the shipped model. Its output is discarded.</summary>
public sealed class ServiceProcess : IDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(1);

    private readonly Process _process;

    private ServiceProcess(Process process, int port)
    {
        _process = process;
        Client = new HttpClient { BaseAddress = new Uri($"http://localhost:{port}") };
    }

    public HttpClient Client { get; }

    /// <summary>Working set of the process in bytes.</summary>
    public long WorkingSet
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>Starts the service and returns when it is ready.</summary>
    /// <param name="port">The port to listen on.</param>
    /// <param name="settings">Command-line settings that override appsettings.json, such as <c>--Model:Root=DIR</c>.</param>
    /// <exception cref="InvalidOperationException">The process ended, or was not ready within a minute.</exception>
    public static async Task<ServiceProcess> StartAsync(int port, params string[] settings)
    {
        string[] command = [Path.Combine(AppContext.BaseDirectory, "CtfService.Api.dll"), $"--urls=http://localhost:{port}", .. settings];
        var process = Process.Start(new ProcessStartInfo("dotnet", command) { RedirectStandardOutput = true })!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        var service = new ServiceProcess(process, port);
        for (var started = Stopwatch.GetTimestamp(); !await service.IsReady();)
        {
            if (process.HasExited || Stopwatch.GetElapsedTime(started) > StartTimeout)
            {
                service.Dispose();
                throw new InvalidOperationException($"The service on port {port} did not become ready.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }

        return service;
    }

    /// <summary>Ends the process at once, as <c>kill -9</c> does. Does nothing if it has ended.</summary>
    public void Kill() => _process.Kill(entireProcessTree: true);

    public void Dispose()
    {
        Kill();
        _process.Dispose();
        Client.Dispose();
    }

    private async Task<bool> IsReady()
    {
        try
        {
            using var response = await Client.GetAsync(new Uri("/health/ready", UriKind.Relative));
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false; // not listening yet
        }
    }
}
