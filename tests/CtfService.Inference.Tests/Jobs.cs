using CtfService.Core.Generation;
using CtfService.Inference.Queue;

namespace CtfService.Inference.Tests;

/// <summary>Jobs and images whose details do not matter.</summary>
internal static class Jobs
{
    /// <summary>One row.</summary>
    public static ImageSpecification Image(ulong seed = 1) => new(ClassId: 0, seed, new SamplingSettings(), new SamplingSettings());

    /// <summary>Two rows.</summary>
    public static ImageSpecification GuidedImage(ulong seed = 1) => new(ClassId: 0, seed, new SamplingSettings(GuidanceScale: 2), new SamplingSettings());

    public static ImageSpecification[] Images(int count) => [.. Enumerable.Range(1, count).Select(seed => Image((ulong)seed))];

    public static ImageSubmission Submission(int count, InferenceOptions options) => new(Images(count), RequestDeadline.Of(options));

    public static InferenceJob At(TimeProvider clock, ImageSpecification? image = null, TimeSpan? timeout = null, CancellationToken abandoned = default)
    {
        return new InferenceJob(image ?? Image(), clock.GetUtcNow(), new RequestDeadline(timeout ?? TimeSpan.FromMinutes(1), "the test"), abandoned);
    }
}
