using System.Diagnostics;
using CtfService.Api.Contracts;
using CtfService.Api.Validation;
using CtfService.Inference.Queue;
using CtfService.Inference.Telemetry;

namespace CtfService.Api.Telemetry;

/// <summary>
/// Collects the facts of one image request for its log line, its counts and its span. The layers that learn a fact record it here. Not thread-safe.
/// </summary>
/// <param name="route">One of <see cref="ImageRoutes"/>.</param>
/// <param name="arrivedAt">Timestamp of the arrival.</param>
internal sealed class RequestRecord(string route, long arrivedAt)
{
    private Activity? _answering;

    public string Route { get; } = route;

    public long ArrivedAt { get; } = arrivedAt;

    /// <summary>The request, once validated.</summary>
    public ValidatedImageRequest? Request { get; private set; }

    public bool IsAdmitted { get; private set; }

    /// <summary>True if the client hung up while the request was read or answered.</summary>
    public bool HasHungUp { get; private set; }

    /// <summary>True if the client did not read the response in time.</summary>
    public bool WasReadTooSlowly { get; private set; }

    /// <summary>All images of the request; null until all are finished.</summary>
    public IReadOnlyList<InferenceEvent.Finished>? Results { get; private set; }

    /// <summary>Time spent encoding all images.</summary>
    public TimeSpan EncodeTime { get; private set; }

    /// <summary>Returns the record of the current request; null if it is not an image request.</summary>
    public static RequestRecord? Of(HttpContext http) => http.Features.Get<RequestRecord>();

    public void Validated(ValidatedImageRequest request) => Request = request;

    /// <summary>Records that the request was read and validated; the queue is next.</summary>
    public static void Received() => Tracing.RecordSinceStart("receive");

    public void Admitted() => IsAdmitted = true;

    public void ReadTooSlowly() => WasReadTooSlowly = true;

    public void HungUp() => HasHungUp = true;

    public void Encoded(TimeSpan elapsed) => EncodeTime += elapsed;

    public void Generated(IReadOnlyList<InferenceEvent.Finished> results) => Results = results;

    /// <summary>Records that all images are finished; the response is created from now to the end of the request.</summary>
    public void Answering() => _answering = Tracing.StartChild("answer");

    public void Ended() => _answering?.Dispose();
}
