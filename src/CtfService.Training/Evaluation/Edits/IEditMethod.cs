using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.Training.Evaluation.Edits;

/// <summary>A way to fill the part of pictures under a mask: one row of the report for each mask.</summary>
public interface IEditMethod
{
    /// <summary>Name for the report.</summary>
    string Name { get; }

    /// <summary>Edits all pictures with one mask.</summary>
    /// <param name="mask">Mask of the pictures' size.</param>
    /// <returns>The results, in the order of the tasks.</returns>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    IReadOnlyList<RgbImage> Edit(IReadOnlyList<EditTask> tasks, EditMask mask, CancellationToken cancellation);
}

/// <summary>The edit of this program: masked positions are drawn with the kept ones as context.</summary>
/// <param name="candidates">See <see cref="LayoutSource.Edited.Candidates"/>.</param>
public sealed class MaskedDrawing(IImageGenerator generator, SamplingSettings coarse, SamplingSettings fine, int candidates = 1) : IEditMethod
{
    public string Name => candidates == 1 ? "edit" : $"edit, {candidates} candidates";

    public IReadOnlyList<RgbImage> Edit(IReadOnlyList<EditTask> tasks, EditMask mask, CancellationToken cancellation) => Generated.Images(
        generator,
        [.. tasks.Select(task => new ImageSpecification(task.ClassId, task.Seed, coarse, fine)
        {
            Layout = new LayoutSource.Edited(task.Original, mask) { Candidates = candidates },
        })],
        cancellation);
}

/// <summary>For comparison: draws a whole image of the class with the same seed, and pastes its part under the mask into the original.</summary>
public sealed class NaivePaste(IImageGenerator generator, SamplingSettings coarse, SamplingSettings fine) : IEditMethod
{
    private (IReadOnlyList<EditTask> Tasks, IReadOnlyList<RgbImage> Images) _drawn = ([], []);

    public string Name => "naive paste";

    public IReadOnlyList<RgbImage> Edit(IReadOnlyList<EditTask> tasks, EditMask mask, CancellationToken cancellation)
    {
        if (_drawn.Tasks != tasks) // the whole images are the same for every mask
        {
            ImageSpecification[] specifications = [.. tasks.Select(task => new ImageSpecification(task.ClassId, task.Seed, coarse, fine))];
            _drawn = (tasks, Generated.Images(generator, specifications, cancellation));
        }

        return [.. tasks.Zip(_drawn.Images, (task, drawn) => Pasting.Under(mask, task.Original, drawn))];
    }
}

/// <summary>Generates images and keeps only their pixels.</summary>
internal static class Generated
{
    public static IReadOnlyList<RgbImage> Images(IImageGenerator generator, ImageSpecification[] specifications, CancellationToken cancellation)
    {
        var images = new RgbImage[specifications.Length];
        generator.GenerateEach(specifications, (index, image) => images[index] = image.Image, cancellation);
        return images;
    }
}
