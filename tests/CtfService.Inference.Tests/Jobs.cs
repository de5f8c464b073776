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

    /// <summary>Returns the counts of a device on which interactive images or bulk images run.</summary>
    public static RunningLevels Levels(RunningImages interactive, RunningImages bulk)
    {
        var levels = new RunningLevels();
        levels[ImagePriority.High] = interactive with { Drawn = 0, Layouts = 0 };
        levels[ImagePriority.Interactive] = interactive;
        levels[ImagePriority.Batch] = interactive with { Drawn = 0, Layouts = 0 };
        levels[ImagePriority.Bulk] = bulk;
        return levels;
    }

    public static InferenceJob? Next(this AdmissionScheduler scheduler, DeviceShare device, RunningImages interactive, RunningImages bulk) =>
        scheduler.Next(device, Levels(interactive, bulk));

    public static ImageSubmission BulkSubmission(IReadOnlyList<ImageSpecification> images) =>
        new(images, RequestDeadline.None) { Priority = ImagePriority.Bulk };

    public static InferenceJob At(
        TimeProvider clock,
        ImageSpecification? image = null,
        TimeSpan? timeout = null,
        ImagePriority priority = ImagePriority.Interactive,
        ImageFlow? flow = null,
        CancellationToken abandoned = default)
    {
        return new InferenceJob(image ?? Image(), clock.GetUtcNow(), new RequestDeadline(timeout ?? TimeSpan.FromMinutes(1), "the test"), abandoned)
        {
            Priority = priority,
            Flow = flow ?? ImageFlow.Common,
        };
    }
}
