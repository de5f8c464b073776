using CtfService.Core.Generation;

namespace CtfService.Training.Evaluation.Edits;

/// <summary>
/// For comparison: edits the mirror images and mirrors the results, so that what lies to the right of the mask is seen before it is drawn. Models that were
/// trained with mirrored images draw both orientations alike.
/// </summary>
public sealed class MirroredDrawing(IEditMethod drawing) : IEditMethod
{
    public string Name => $"{drawing.Name}, mirrored";

    public IReadOnlyList<RgbImage> Edit(IReadOnlyList<EditTask> tasks, EditMask mask, CancellationToken cancellation)
    {
        bool[] edited = [.. Mirrored(mask.Width, mask.Height).Select(pixel => mask.Edited[pixel])];
        EditTask[] mirrored = [.. tasks.Select(task => task with { Original = Mirror(task.Original) })];
        return [.. drawing.Edit(mirrored, new EditMask(mask.Width, mask.Height, edited), cancellation).Select(Mirror)];
    }

    private static RgbImage Mirror(RgbImage image) => new(
        image.Width, image.Height, [.. Mirrored(image.Width, image.Height).SelectMany(pixel => image.Pixels.AsSpan(pixel * 3, 3).ToArray())]);

    /// <summary>Returns for each pixel the index of the one in its place in the mirror image.</summary>
    private static IEnumerable<int> Mirrored(int width, int height) =>
        Enumerable.Range(0, width * height).Select(pixel => (pixel / width * width) + width - 1 - (pixel % width));
}
