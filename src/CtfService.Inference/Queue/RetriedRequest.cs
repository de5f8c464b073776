using CtfService.Core.Generation;

namespace CtfService.Inference.Queue;

/// <summary>
/// What a caller who tries again repeats: all of its request but the seed, which may be drawn anew. The queue does not know callers, and recognizes them by it.
/// </summary>
/// <param name="Images">Number of images.</param>
/// <param name="Layout">Kind of the source of the layout.</param>
internal sealed record RetriedRequest(string Flow, int Images, int ClassId, SamplingSettings Coarse, SamplingSettings Fine, Type Layout, int Previews)
{
    public static RetriedRequest Of(ImageSubmission submission)
    {
        var image = submission.Images[0];
        return new(submission.Flow.Name, submission.Images.Count, image.ClassId, image.Coarse, image.Fine, image.Layout.GetType(), submission.Previews);
    }
}
