using System.Diagnostics;
using CtfService.LoadGenerator.Reports;

namespace CtfService.LoadGenerator.Sending;

/// <summary>
/// Asks <c>/health/live</c> at intervals on a thread and a connection of its own, so that the load of the generator does not delay it.
/// </summary>
internal sealed class LivenessProbe : IDisposable
{
    private static readonly Uri Path = new("/health/live", UriKind.Relative);

    private readonly HttpClient _client;
    private readonly TimeSpan _interval;
    private readonly LatencyRecorder _times = new();
    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;
    private long _failures;

    private LivenessProbe(LoadTarget target, TimeSpan interval)
    {
        _client = target.CreateClient();
        _interval = interval;
        _thread = new Thread(Run) { IsBackground = true, Name = "liveness probe" };
    }

    public static LivenessProbe Start(LoadTarget target, TimeSpan interval)
    {
        var probe = new LivenessProbe(target, interval);
        probe._thread.Start();
        return probe;
    }

    /// <summary>Stops the probe and returns its times, those of probes that a late one kept from being sent included, and how many got no 200.</summary>
    public (LatencySummary Times, long Failures) Stop()
    {
        _stop.Set();
        _thread.Join();
        return (_times.Summary(), _failures);
    }

    public void Dispose()
    {
        Stop();
        _client.Dispose();
        _stop.Dispose();
    }

    private void Run()
    {
        Probe(); // connects
        while (!_stop.Wait(_interval))
        {
            var sent = Stopwatch.GetTimestamp();
            _failures += Probe() ? 0 : 1;
            _times.RecordEvery(_interval, Stopwatch.GetElapsedTime(sent));
        }
    }

    private bool Probe()
    {
        try
        {
            using var message = new HttpRequestMessage(HttpMethod.Get, Path);
            using var response = _client.Send(message);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
