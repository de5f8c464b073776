using System.ComponentModel.DataAnnotations;
using CtfService.Core.Models;

namespace CtfService.Inference.Queue;

/// <summary>
/// Limits of the queue and the worker: how many images run and wait, for how long, and when a failing model is taken out of service. Read once at startup.
/// </summary>
public sealed record InferenceOptions
{
    public const string SectionName = "Inference";

    /// <summary>Maximum number of model rows in one decode step. An image takes one row, or two with classifier-free guidance.</summary>
    [Range(2, 4096)]
    public int MaxBatchRows { get; init; } = 16;

    /// <summary>
    /// Most positions of an image whose labels one decode step may draw: a wider window needs fewer steps, but each has more rows. 1 draws one label in each
    /// step. If it is not set, it is chosen by measurement when the model is loaded. On the CPU it changes the speed only; on CUDA, images of the same seed
    /// may differ between widths.
    /// </summary>
    [Range(1, DecodeWork.LargestWindow)]
    public int? MaxWindow { get; init; }

    /// <summary>
    /// Number of rows that bulk images (jobs) leave free, so that interactive images start at once. If interactive images need more rows, bulk images give
    /// up theirs and restart later. Bulk images may always take two rows.
    /// </summary>
    [Range(0, 4096)]
    public int InteractiveRows { get; init; } = 4;

    /// <summary>Maximum number of interactive images that wait to start. A request that does not fit as a whole gets 429.</summary>
    [Range(1, 100_000)]
    public int MaxQueuedImages { get; init; } = 64;

    /// <summary>
    /// Longest expected time that the devices need for the images before a new request. A request that finds more before it gets 429; one that comes again
    /// when a 429 told it to may find four times as much. If it is not set, only the number of waiting images is limited. Set it where a late answer is
    /// worth less than a refusal.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan? MaxBacklog { get; init; }

    /// <summary>Maximum time from the admission of a request to its last image. A request that takes longer gets 504.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Time that admitted images have to finish after the process is told to stop.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan ShutdownBudget { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Time that images may wait or run without a completed step before <c>/health/ready</c> fails; after four times as long, <c>/health/live</c> fails
    /// too. A slow model gets at least eight times the duration of its warm-up image.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// True if the process ends with exit code 70 when no step has completed for four times <see cref="StallTimeout"/>, so that it is restarted; requests in
    /// flight get 503 before. Turn it off to look at a hanging process with a debugger.
    /// </summary>
    public bool ExitWhenStuck { get; init; } = true;

    /// <summary>Number of steps that may fail in a row, without a finished image in between, before <c>/health/ready</c> fails and requests get 503.</summary>
    [Range(1, 1_000)]
    public int MaxFailedSteps { get; init; } = 5;

    /// <summary>Time that requests get 503 after too many failed steps, before one request may try again.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan FailedStepsPause { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Number of further attempts to read the model if its storage fails or is not mounted yet. A damaged model is not read again.</summary>
    [Range(0, 100)]
    public int LoadRetries { get; init; } = 2;

    /// <summary>Pause before the first of these attempts. It doubles with each attempt.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan LoadRetryDelay { get; init; } = TimeSpan.FromSeconds(0.5);
}
