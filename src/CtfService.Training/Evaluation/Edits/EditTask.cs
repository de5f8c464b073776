using CtfService.Core.Generation;
using CtfService.Training.Data;

namespace CtfService.Training.Evaluation.Edits;

/// <summary>A picture to edit.</summary>
/// <param name="Original">Picture of the model's image size.</param>
/// <param name="ClassId">Class of the original, and of what is drawn.</param>
/// <param name="Seed">Seed of the edit.</param>
public sealed record EditTask(RgbImage Original, int ClassId, ulong Seed)
{
    /// <summary>Returns one task for each picture, each with its own seed.</summary>
    /// <param name="originals">Pictures with the class ids of the model.</param>
    /// <param name="seed">Seed of the measurement.</param>
    public static IReadOnlyList<EditTask> Of(ImageDataset originals, ulong seed) => [.. Enumerable.Range(0, originals.Count).Select(index => new EditTask(
        new RgbImage(originals.Width, originals.Height, originals.Images[index]), originals.ClassIds[index], ImageSeed.Derive(seed, index)))];
}
