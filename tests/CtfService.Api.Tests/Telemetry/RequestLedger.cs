using System.Diagnostics.Metrics;
using CtfService.Inference.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;

namespace CtfService.Api.Tests.Telemetry;

/// <summary>Collects the metrics of image requests of one service.</summary>
internal sealed class RequestLedger : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    private readonly MetricCollector<long> _received;
    private readonly MetricCollector<long> _ended;
    private readonly MetricCollector<double> _duration;

    public RequestLedger(IServiceProvider services)
    {
        var meters = services.GetRequiredService<IMeterFactory>();
        _received = new MetricCollector<long>(meters, InferenceMetrics.MeterName, "ctf.requests.received");
        _ended = new MetricCollector<long>(meters, InferenceMetrics.MeterName, "ctf.requests.ended");
        _duration = new MetricCollector<double>(meters, InferenceMetrics.MeterName, "gen_ai.server.request.duration");
    }

    /// <summary>Route of each received request.</summary>
    public IReadOnlyList<string> Received => [.. _received.GetMeasurementSnapshot().Select(one => (string)one.Tags["ctf.route"]!)];

    /// <summary>Completes when the first request has been received.</summary>
    public Task FirstReceivedAsync() => _received.WaitForMeasurementsAsync(1, Timeout);

    /// <summary>Tags of each recorded request duration.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, object?>> Durations => [.. _duration.GetMeasurementSnapshot().Select(one => one.Tags)];

    /// <summary>Returns all ends once at least this many requests have ended.</summary>
    public async Task<IReadOnlyList<RequestEnd>> EndsAsync(int requests)
    {
        if (requests > 0)
        {
            await _ended.WaitForMeasurementsAsync(requests, Timeout);
        }

        var ends = _ended.GetMeasurementSnapshot();
        Assert.All(ends, one => Assert.Equal(1, one.Value));
        return [.. ends.Select(one => new RequestEnd((string)one.Tags["ctf.route"]!, (string)one.Tags["ctf.outcome"]!, (string)one.Tags["ctf.reason"]!))];
    }

    /// <summary>Asserts that exactly one request was received, and that it ended once as given.</summary>
    public async Task AssertOnly(string outcome, string reason, string route = "generations")
    {
        Assert.Equal(new RequestEnd(route, outcome, reason), Assert.Single(await EndsAsync(requests: 1)));
        Assert.Equal(route, Assert.Single(Received));
        var tags = Assert.Single(Durations);
        Assert.Equal(outcome == "completed" ? null : reason, tags.GetValueOrDefault("error.type"));
    }

    public void Dispose()
    {
        _received.Dispose();
        _ended.Dispose();
        _duration.Dispose();
    }
}

/// <summary>How a request ended.</summary>
internal sealed record RequestEnd(string Route, string Outcome, string Reason);
