using System.Diagnostics;
using CtfService.Core.Generation;
using CtfService.Model.Generation;
using CtfService.Model.Loading;

namespace CtfService.Benchmarks.Gpu;

/// <summary>Images of a bundle drawn on a device.</summary>
/// <param name="Labels">[images] of [T] coarse labels.</param>
/// <param name="StepsOfAnImage">The mean number of decode steps.</param>
internal sealed record BundleRun(int[][] Labels, double StepsOfAnImage, double ImagesPerSecond)
{
    /// <summary>Draws images with the bundle's default settings, as many at once as fit into the rows.</summary>
    /// <param name="window">Positions of an image in a step.</param>
    public static BundleRun Draw(string bundle, ModelPlacement placement, int window, int images, int rows)
    {
        using var generator = new CtfImageGeneratorFactory(bundle, () => placement, rows) { MaxWindow = window }.Load(CancellationToken.None);
        ImageSpecification Image(int id) =>
            new(id % generator.Model.Classes.Count, (ulong)id, generator.Model.DefaultCoarse, generator.Model.DefaultFine);

        generator.Admit(-1, Image(0)); // warms up
        while (generator.ImageCount > 0)
        {
            generator.Advance(CancellationToken.None);
        }

        var drawn = new GeneratedImage?[images];
        var started = Stopwatch.GetTimestamp();
        for (var next = 0; next < images || generator.ImageCount > 0;)
        {
            while (next < images && Image(next).Rows <= generator.FreeRows)
            {
                generator.Admit(next, Image(next));
                next++;
            }

            foreach (var outcome in generator.Advance(CancellationToken.None))
            {
                drawn[outcome.Id] = outcome.Image ?? throw new InvalidOperationException($"Image {outcome.Id} failed.", outcome.Error);
            }
        }

        var elapsed = Stopwatch.GetElapsedTime(started);
        return new BundleRun(
            [.. drawn.Select(image => image!.CoarseLabels.ToArray())], drawn.Average(image => image!.DecodeSteps), images / elapsed.TotalSeconds);
    }

    /// <summary>Returns the number of images with another label anywhere.</summary>
    public int ImagesUnlike(BundleRun other) => Labels.Zip(other.Labels, (mine, its) => mine.SequenceEqual(its)).Count(isEqual => !isEqual);
}
