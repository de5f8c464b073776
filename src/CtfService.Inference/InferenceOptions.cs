using System.ComponentModel.DataAnnotations;

namespace CtfService.Inference;

/// <summary>How much runs at once, how much may wait and for how long. Read once at start.</summary>
public sealed record InferenceOptions
{
    public const string SectionName = "Inference";

    /// <summary>Model rows of a decode step; an image takes two with guidance, one without. 2..4096, default 16.</summary>
    [Range(2, 4096)]
    public int MaxBatchRows { get; init; } = 16;

    /// <summary>Images that may wait to start; a request that does not fit whole is refused. 1..100,000, default 64.</summary>
    [Range(1, 100_000)]
    public int MaxQueuedImages { get; init; } = 64;

    /// <summary>From admission to the last image of a request; over it, the request fails. 1 s..1 h, default 2 min.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long admitted images may still run once the process is told to stop. 0..10 min, default 20 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan ShutdownBudget { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// How long images may wait or run without a step that ends before the service calls itself not ready; four times as long, and it asks for a restart. A slow model gets more: at least
    /// eight times what its warm-up image took. 1 s..1 h, default 30 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Steps that may fail one after another, without a finished image between them, before the model is taken out of service. 1..1,000, default 5.
    /// </summary>
    [Range(1, 1_000)]
    public int MaxFailedSteps { get; init; } = 5;

    /// <summary>How long requests are refused then, before one may try again. 1 s..10 min, default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan FailedStepsPause { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Attempts to read the model again if its storage fails or does not have it (yet); a damaged model is not read again. 0..100, default 4.
    /// </summary>
    [Range(0, 100)]
    public int LoadRetries { get; init; } = 4;

    /// <summary>Pause before the first of these attempts; doubles with each. 0..1 min, default 1 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan LoadRetryDelay { get; init; } = TimeSpan.FromSeconds(1);
}
