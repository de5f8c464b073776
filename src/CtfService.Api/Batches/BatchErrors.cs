using CtfService.Api.Contracts;
using CtfService.Api.Errors;

namespace CtfService.Api.Batches;

/// <summary>Errors of the routes of batches.</summary>
internal static class BatchErrors
{
    public static ApiError NotFound(string id) => new(
        StatusCodes.Status404NotFound,
        $"There is no batch '{id}' of this key. It may have been deleted (Jobs:Retention); GET {BatchPaths.Group} lists the batches.",
        "batch_not_found",
        "id");

    /// <param name="unfinished">Images that the unfinished jobs of the key ask for.</param>
    /// <param name="most">The value of Jobs:MaxUnfinishedImages.</param>
    public static ApiError TooManyImages(long unfinished, long most) => new(
        StatusCodes.Status429TooManyRequests,
        $"The unfinished jobs of this key ask for {unfinished} images; expected fewer than {most} (Jobs:MaxUnfinishedImages). "
        + "Wait until one has finished, or cancel one.",
        "image_limit_exceeded")
    {
        RetryAfter = TimeSpan.FromMinutes(1),
    };
}
