using System.Diagnostics;
using System.Diagnostics.Metrics;
using CtfService.Inference.Telemetry;

namespace CtfService.Api.Telemetry;

/// <summary>Metrics of image requests: each is counted once when received and once when it ends. Thread-safe.</summary>
internal sealed class RequestMetrics
{
    private const string RouteTag = "ctf.route";

    private readonly Counter<long> _received;
    private readonly Counter<long> _ended;
    private readonly Histogram<double> _duration;

    public RequestMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(InferenceMetrics.MeterName, ThisProgram.Version);
        _received = meter.CreateCounter<long>("ctf.requests.received", "{request}", "Image requests received.");
        _ended = meter.CreateCounter<long>("ctf.requests.ended", "{request}", "Image requests that ended, each counted once.");
        _duration = meter.CreateHistogram(
            "gen_ai.server.request.duration",
            "s",
            "Time from the arrival of an image request to the end of its response.",
            tags: null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = BucketBounds.Requests });
    }

    public void Received(string route) => _received.Add(1, new KeyValuePair<string, object?>(RouteTag, route));

    /// <param name="model">The model that the request was validated against; null if it failed earlier.</param>
    public void Ended(string route, EndReason reason, string? model, TimeSpan elapsed)
    {
        var tags = new TagList { { "gen_ai.operation.name", "image_generation" }, { "gen_ai.provider.name", "ctf" } };
        if (model is not null)
        {
            tags.Add("gen_ai.request.model", model);
        }

        if (!reason.IsCompleted)
        {
            tags.Add("error.type", reason.Name);
        }

        _duration.Record(elapsed.TotalSeconds, tags);
        _ended.Add(1, new TagList { { RouteTag, route }, { "ctf.outcome", reason.Outcome }, { "ctf.reason", reason.Name } });
    }
}
