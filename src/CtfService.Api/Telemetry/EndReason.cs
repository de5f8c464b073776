using CtfService.Api.Errors;

namespace CtfService.Api.Telemetry;

/// <summary>Reason why an image request ended, for metrics, logs and traces: a closed set.</summary>
/// <param name="Outcome">completed, rejected, cancelled, deadline or failed.</param>
/// <param name="Name">The reason within the outcome.</param>
internal sealed record EndReason(string Outcome, string Name)
{
    private const string Completed = "completed";
    private const string Rejected = "rejected";
    private const string Failed = "failed";

    public static readonly EndReason Ok = new(Completed, "ok");

    /// <summary>The client already has the response: 304.</summary>
    public static readonly EndReason NotModified = new(Completed, "not_modified");

    /// <summary>The stored response to an <c>Idempotency-Key</c> was sent again.</summary>
    public static readonly EndReason Replayed = new(Completed, "replayed");

    public static readonly EndReason Invalid = new(Rejected, "invalid");
    public static readonly EndReason TooLarge = new(Rejected, "too_large");

    /// <summary>The body did not arrive in time.</summary>
    public static readonly EndReason BodyTimeout = new(Rejected, "body_timeout");

    /// <summary>Too many uploads at once.</summary>
    public static readonly EndReason UploadsFull = new(Rejected, "uploads_full");

    public static readonly EndReason Unauthorized = new(Rejected, "unauthorized");
    /// <summary>The key cannot be checked, because the store of keys is away.</summary>
    public static readonly EndReason KeyUnchecked = new(Rejected, "key_unchecked");

    /// <summary>The response to a request with an <c>Idempotency-Key</c> could not be stored, because the store is away.</summary>
    public static readonly EndReason NotStorable = new(Rejected, "not_storable");

    public static readonly EndReason RateLimited = new(Rejected, "rate_limited");
    public static readonly EndReason QueueFull = new(Rejected, "queue_full");

    /// <summary>The share of the key in the queue is used up.</summary>
    public static readonly EndReason QueueShare = new(Rejected, "queue_share");

    /// <summary>The request needs more time than it has.</summary>
    public static readonly EndReason DeadlineTooShort = new(Rejected, "deadline_too_short");

    /// <summary>The model is loading, could not be loaded, or its worker has crashed.</summary>
    public static readonly EndReason NotReady = new(Rejected, "not_ready");

    /// <summary>The request arrived while the service was shutting down.</summary>
    public static readonly EndReason ShuttingDown = new(Rejected, "shutdown");

    public static readonly EndReason HangUp = new("cancelled", "hang_up");

    /// <summary>The client did not read the response in time.</summary>
    public static readonly EndReason SlowReader = new("cancelled", "slow_reader");

    public static readonly EndReason Deadline = new("deadline", "deadline");
    public static readonly EndReason StepFailed = new(Failed, "step_failed");
    public static readonly EndReason OutOfMemory = new(Failed, "out_of_memory");

    /// <summary>The request was admitted but unfinished when the service stopped.</summary>
    public static readonly EndReason CutOff = new(Failed, "shutdown");

    /// <summary>The request was admitted when the worker crashed.</summary>
    public static readonly EndReason WorkerDied = new(Failed, "worker_died");

    /// <summary>The images were drawn, but the store went away before the response could be stored.</summary>
    public static readonly EndReason NotStored = new(Failed, "not_stored");

    public static readonly EndReason Internal = new(Failed, "internal");

    public bool IsCompleted => Outcome == Completed;

    /// <summary>Returns the reason for an error that was sent.</summary>
    /// <param name="isAdmitted">True if the queue had admitted the request.</param>
    /// <param name="isStopping">True if the service is shutting down.</param>
    public static EndReason Of(ApiError error, bool isAdmitted, bool isStopping) => error.Code switch
    {
        "body_too_large" or "image_too_large" => TooLarge,
        "body_timeout" => BodyTimeout,
        "uploads_full" => UploadsFull,
        "key_store_unavailable" => KeyUnchecked,
        "state_store_unavailable" => isAdmitted ? NotStored : NotStorable,
        "rate_limit_exceeded" => RateLimited,
        "queue_full" => QueueFull,
        "queue_share_full" => QueueShare,
        "deadline_too_short" => DeadlineTooShort,
        "model_not_ready" when isAdmitted => isStopping ? CutOff : WorkerDied,
        "model_not_ready" => isStopping ? ShuttingDown : NotReady,
        "device_hangs" => WorkerDied,
        "out_of_device_memory" => OutOfMemory,
        "deadline_exceeded" => Deadline,
        "generation_failed" or "not_finite" => StepFailed,
        _ => error.Status switch
        {
            StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden => Unauthorized,
            StatusCodes.Status413PayloadTooLarge => TooLarge,
            < StatusCodes.Status500InternalServerError => Invalid,
            _ => Internal,
        },
    };
}
