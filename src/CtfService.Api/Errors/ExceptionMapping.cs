using System.Text.Json;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Jobs.Files;
using CtfService.Jobs.Work;

namespace CtfService.Api.Errors;

/// <summary>Maps each expected exception to an error response.</summary>
internal static class ExceptionMapping
{
    /// <summary>Loading a model takes seconds, and memory may become free as quickly.</summary>
    private static readonly TimeSpan NotReadyRetry = TimeSpan.FromSeconds(5);

    /// <summary>A storage without space or connection is mended by people.</summary>
    private static readonly TimeSpan StorageRetry = TimeSpan.FromSeconds(30);

    /// <summary>The exception names folders and hosts, which only the log shows.</summary>
    internal static readonly ApiError StorageUnavailable = new(
        StatusCodes.Status503ServiceUnavailable,
        "The storage of jobs and files cannot be used at the moment. Try again later; the operator of this service finds the cause in its log.",
        "storage_unavailable")
    {
        RetryAfter = StorageRetry,
    };

    /// <summary>Returns null if the exception is not expected.</summary>
    /// <param name="requestType">The type that the endpoint reads from JSON; null if it reads no JSON.</param>
    public static ApiError? Map(Exception exception, JsonProblems jsonProblems, Type? requestType) => exception switch
    {
        BadHttpRequestException { InnerException: JsonException json } when requestType is not null => jsonProblems.Describe(json, requestType),
        BadHttpRequestException bad => StatusErrors.Describe(bad.StatusCode),
        RequestRefusedException refused => refused.Error,
        QueueFullException full =>
            new ApiError(StatusCodes.Status429TooManyRequests, full.Message, full.IsShare ? "queue_share_full" : "queue_full") { RetryAfter = full.RetryAfter },
        DeadlineTooShortException tooShort =>
            new ApiError(StatusCodes.Status429TooManyRequests, tooShort.Message, "deadline_too_short") { RetryAfter = tooShort.RetryAfter },
        DeviceHangsException hangs =>
            new ApiError(StatusCodes.Status503ServiceUnavailable, hangs.Message, "device_hangs") { RetryAfter = hangs.RetryAfter },
        ModelNotReadyException notReady =>
            new ApiError(StatusCodes.Status503ServiceUnavailable, notReady.Message, "model_not_ready") { RetryAfter = notReady.RetryAfter },
        OutOfDeviceMemoryException tooLarge =>
            new ApiError(StatusCodes.Status503ServiceUnavailable, tooLarge.Message, "out_of_device_memory") { RetryAfter = NotReadyRetry },
        SwitchInProgressException other => new ApiError(StatusCodes.Status409Conflict, other.Message, "switch_in_progress") { RetryAfter = NotReadyRetry },
        ModelLoadException { InnerException: CheckpointException } unusable =>
            new ApiError(StatusCodes.Status422UnprocessableEntity, unusable.Message, "bundle_unusable", "bundle"),
        ModelLoadException { InnerException: OutOfDeviceMemoryException } tooLarge =>
            new ApiError(StatusCodes.Status503ServiceUnavailable, tooLarge.Message, "out_of_device_memory", "bundle") { RetryAfter = NotReadyRetry },
        ModelLoadException failed => new ApiError(StatusCodes.Status500InternalServerError, failed.Message, "load_failed", "bundle"),
        DeadlineExceededException late => new ApiError(StatusCodes.Status504GatewayTimeout, late.Message, "deadline_exceeded"),
        GenerationFailedException failed => new ApiError(StatusCodes.Status500InternalServerError, failed.Message, "generation_failed"),
        NotFiniteException failed => new ApiError(StatusCodes.Status500InternalServerError, failed.Message, "not_finite"),
        JobStoreUnavailableException or FileStoreUnavailableException => StorageUnavailable,
        _ => null,
    };
}
