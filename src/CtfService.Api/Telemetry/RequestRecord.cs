using System.Diagnostics;
using CtfService.Api.Http;
using CtfService.Api.Validation;
using CtfService.Inference.Queue;
using CtfService.Inference.Telemetry;

namespace CtfService.Api.Telemetry;

/// <summary>
/// What becomes known of one image request on its way, for the one line, one count and one span that it leaves behind. Whoever learns something notes it here; used by one thread at a time.
/// </summary>
/// <param name="route">One of <see cref="ImageRoutes"/>.</param>
/// <param name="arrivedAt">Timestamp.</param>
internal sealed class RequestRecord(string route, long arrivedAt)
{
    private Activity? _answering;

    public string Route { get; } = route;

    public long ArrivedAt { get; } = arrivedAt;

    /// <summary>What was asked for, once it is known to be right.</summary>
    public ValidatedImageRequest? Request { get; private set; }

    public bool IsAdmitted { get; private set; }

    /// <summary>The caller went while the request was read or answered.</summary>
    public bool HasHungUp { get; private set; }

    /// <summary>The caller did not take the answer in time.</summary>
    public bool WasReadTooSlowly { get; private set; }

    /// <summary>Every image that was asked for; null until all are there.</summary>
    public IReadOnlyList<InferenceEvent.Finished>? Results { get; private set; }

    /// <summary>Of all images.</summary>
    public TimeSpan EncodeTime { get; private set; }

    /// <summary>Null where the request is none for images.</summary>
    public static RequestRecord? Of(HttpContext http) => http.Features.Get<RequestRecord>();

    public void Validated(ValidatedImageRequest request) => Request = request;

    /// <summary>Read and checked: from here on it is the queue's.</summary>
    public static void Received() => Tracing.RecordSinceStart("receive");

    public void Admitted() => IsAdmitted = true;

    public void ReadTooSlowly() => WasReadTooSlowly = true;

    public void HungUp() => HasHungUp = true;

    public void Encoded(TimeSpan elapsed) => EncodeTime += elapsed;

    public void Generated(IReadOnlyList<InferenceEvent.Finished> results) => Results = results;

    /// <summary>All images are there, and the answer is made of them from here to the end of the request.</summary>
    public void Answering() => _answering = Tracing.StartChild("answer");

    public void Ended() => _answering?.Dispose();
}
