using System.Diagnostics.Metrics;

namespace CtfService.Gateway.Telemetry;

/// <summary>Metrics of the gateway; docs/gateway.md describes each instrument. Methods are named after events and thread-safe.</summary>
internal sealed class GatewayMetrics
{
    public const string MeterName = "CtfService.Gateway";

    private readonly Counter<long> _requests;
    private readonly Counter<long> _resends;
    private readonly Histogram<double> _beforeSending;
    private readonly Meter _meter;

    public GatewayMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _requests = _meter.CreateCounter<long>("ctf.gateway.requests", "{request}", "Requests sent to a replica, by replica and outcome.");
        _resends = _meter.CreateCounter<long>("ctf.gateway.resends", "{request}", "Requests that were sent to another replica, by reason.");
        foreach (var reason in ForwardingOutcomes.OfResends)
        {
            _resends.Add(0, Tag("ctf.reason", reason)); // exported from the start: a counter that appears with its first event would show no increase
        }

        _beforeSending = _meter.CreateHistogram(
            "ctf.gateway.before_sending",
            "s",
            "Time from the arrival of a request until it is first sent to a replica.",
            tags: null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5] });
    }

    /// <param name="count">Returns the number of replicas that are ready and of those that are out.</param>
    public void Observe(Func<(int Ready, int Out)> count) => _meter.CreateObservableGauge(
        "ctf.gateway.replicas",
        () => Measure(count()),
        "{replica}",
        "Replicas, by whether requests are sent to them.");

    private static Measurement<int>[] Measure((int Ready, int Out) count) =>
        [new(count.Ready, Tag("ctf.state", "ready")), new(count.Out, Tag("ctf.state", "out"))];

    public void Sending(TimeSpan sinceArrival) => _beforeSending.Record(sinceArrival.TotalSeconds);

    /// <param name="outcome">One of <see cref="ForwardingOutcomes"/>.</param>
    public void Ended(string replica, string outcome) => _requests.Add(1, Tag("ctf.replica", replica), Tag("ctf.outcome", outcome));

    public void Resent(string reason) => _resends.Add(1, Tag("ctf.reason", reason));

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
