using CtfService.Core.Generation;
using CtfService.Inference.Queue;

namespace CtfService.Inference.Tests;

/// <summary>Creates jobs and images for tests that do not depend on their details.</summary>
internal static class Jobs
{
    /// <summary>Returns an image that takes one row.</summary>
    public static ImageSpecification Image(ulong seed = 1) => new(ClassId: 0, seed, new SamplingSettings(), new SamplingSettings());

    /// <summary>Returns an image with guidance, which takes two rows.</summary>
    public static ImageSpecification GuidedImage(ulong seed = 1) => new(ClassId: 0, seed, new SamplingSettings(GuidanceScale: 2), new SamplingSettings());

    public static ImageSpecification[] Images(int count) => [.. Enumerable.Range(1, count).Select(seed => Image((ulong)seed))];

    public static ImageSubmission Submission(int count, InferenceOptions options) => new(Images(count), RequestDeadline.Of(options));

    public static ImageSubmission BulkSubmission(IReadOnlyList<ImageSpecification> images) =>
        new(images, RequestDeadline.None) { Priority = ImagePriority.Bulk };

    public static InferenceJob At(
        TimeProvider clock,
        ImageSpecification? image = null,
        TimeSpan? timeout = null,
        ImagePriority priority = ImagePriority.Interactive,
        CancellationToken abandoned = default)
    {
        return new InferenceJob(image ?? Image(), clock.GetUtcNow(), new RequestDeadline(timeout ?? TimeSpan.FromMinutes(1), "the test"), abandoned)
        {
            Priority = priority,
        };
    }
}
