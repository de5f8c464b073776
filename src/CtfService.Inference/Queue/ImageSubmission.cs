using CtfService.Core.Generation;

namespace CtfService.Inference.Queue;

/// <summary>The images that one request submits to the queue.</summary>
/// <param name="Images">1 to <see cref="InferenceOptions.MaxQueuedImages"/> images; any number above 0 in a bulk submission.</param>
/// <param name="Deadline">Time limit from admission to the last image.</param>
/// <param name="Previews">Number of previews of each image, 0 to <see cref="PreviewOptions.MostPreviews"/>; 0 in a bulk submission.</param>
public sealed record ImageSubmission(IReadOnlyList<ImageSpecification> Images, RequestDeadline Deadline, int Previews = 0)
{
    /// <summary>
    /// Priority of all images; interactive by default. Bulk images do not count in the length of the queue and are never refused because it is full. They end
    /// with <see cref="Core.Models.ModelNotReadyException"/> when the service begins to stop or another model replaces theirs.
    /// </summary>
    public ImagePriority Priority { get; init; } = ImagePriority.Interactive;

    /// <summary>Whose images these are; <see cref="ImageFlow.Common"/> by default.</summary>
    public ImageFlow Flow { get; init; } = ImageFlow.Common;
}

/// <summary>Time limit of a request, with its source.</summary>
/// <param name="Timeout">Greater than zero, or <see cref="System.Threading.Timeout.InfiniteTimeSpan"/> for no limit.</param>
/// <param name="Limit">What sets the limit, as shown to the caller: a setting, a field or a header.</param>
public sealed record RequestDeadline(TimeSpan Timeout, string Limit)
{
    /// <summary>No limit: for bulk submissions, which may pause for any time.</summary>
    public static RequestDeadline None { get; } = new(System.Threading.Timeout.InfiniteTimeSpan, "none");

    /// <summary>Returns the limit that applies to every request.</summary>
    public static RequestDeadline Of(InferenceOptions options) =>
        new(options.RequestTimeout, $"{InferenceOptions.SectionName}:{nameof(InferenceOptions.RequestTimeout)}");

    /// <summary>Returns true if a request that was admitted at one time is late at another.</summary>
    public bool HasPassed(DateTimeOffset admittedAt, DateTimeOffset now) =>
        Timeout != System.Threading.Timeout.InfiniteTimeSpan && admittedAt + Timeout <= now;

    /// <summary>Returns the error of a request that exceeds the limit.</summary>
    public DeadlineExceededException Exceeded() => new(
        $"The request was not finished within {Timeout.TotalSeconds:0.###} s, the limit in {Limit}. "
        + "Request fewer images, raise the limit, or try again when the service is less busy.");
}
