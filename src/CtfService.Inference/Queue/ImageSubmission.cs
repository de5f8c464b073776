using CtfService.Core.Generation;

namespace CtfService.Inference.Queue;

/// <summary>The images that one request submits to the queue.</summary>
/// <param name="Images">1 to <see cref="InferenceOptions.MaxQueuedImages"/> images.</param>
/// <param name="Deadline">Time limit from admission to the last image.</param>
/// <param name="Previews">Number of previews of each image, 0 to <see cref="PreviewOptions.MostPreviews"/>.</param>
public sealed record ImageSubmission(IReadOnlyList<ImageSpecification> Images, RequestDeadline Deadline, int Previews = 0);

/// <summary>Time limit of a request, with its source.</summary>
/// <param name="Timeout">Greater than zero.</param>
/// <param name="Limit">What sets the limit, as shown to the caller: a setting, a field or a header.</param>
public sealed record RequestDeadline(TimeSpan Timeout, string Limit)
{
    /// <summary>Returns the limit that applies to every request.</summary>
    public static RequestDeadline Of(InferenceOptions options) =>
        new(options.RequestTimeout, $"{InferenceOptions.SectionName}:{nameof(InferenceOptions.RequestTimeout)}");

    /// <summary>Returns the error of a request that exceeds the limit.</summary>
    public DeadlineExceededException Exceeded() => new(
        $"The request was not finished within {Timeout.TotalSeconds:0.###} s, the limit in {Limit}. "
        + "Request fewer images, raise the limit, or try again when the service is less busy.");
}
