using CtfService.Core.Generation;

namespace CtfService.Inference.Queue;

/// <summary>What one request wants of the queue.</summary>
/// <param name="Images">1..<see cref="InferenceOptions.MaxQueuedImages"/> images.</param>
/// <param name="Deadline">From admission to the last image.</param>
/// <param name="Previews">Of each image, 0..<see cref="PreviewOptions.MostPreviews"/>.</param>
public sealed record ImageSubmission(IReadOnlyList<ImageSpecification> Images, RequestDeadline Deadline, int Previews = 0);

/// <summary>How long a request may take, and who says so.</summary>
/// <param name="Timeout">Above zero.</param>
/// <param name="Limit">What sets it, for the caller's eyes: a setting, a field or a header.</param>
public sealed record RequestDeadline(TimeSpan Timeout, string Limit)
{
    /// <summary>The limit for every request.</summary>
    public static RequestDeadline Of(InferenceOptions options) => new(options.RequestTimeout, $"{InferenceOptions.SectionName}:{nameof(InferenceOptions.RequestTimeout)}");

    /// <summary>What a request hears whose time is over.</summary>
    internal DeadlineExceededException Exceeded() => new(
        $"The request was not finished within {Timeout.TotalSeconds:0.###} s, the limit in {Limit}. Ask for fewer images, raise the limit, or try again when the service is less busy.");
}
