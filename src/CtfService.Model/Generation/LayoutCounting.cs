using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Clusters;
using CtfService.Model.Stages;

namespace CtfService.Model.Generation;

/// <summary>Counts the coarse labels of images that a model draws of every class, with its sampling defaults. The later stages do not run.</summary>
public static class LayoutCounting
{
    /// <summary>The seeds are far from those that people choose, so that no image is counted for its own drafts.</summary>
    private const ulong FirstSeed = 1UL << 40;

    /// <summary>Loads the model, draws the images and returns their usual labels.</summary>
    /// <param name="factory">Loads the model.</param>
    /// <param name="imagesPerClass">At least 1.</param>
    /// <param name="finished">Receives the number of drawn images after each one.</param>
    /// <exception cref="CheckpointException">The bundle is damaged.</exception>
    /// <exception cref="OperationCanceledException">Cancelled between two steps.</exception>
    public static UsualLabels Draw(CtfImageGeneratorFactory factory, int imagesPerClass, Action<int> finished, CancellationToken cancellation)
    {
        using var model = factory.LoadParts(cancellation);
        var (description, coarse) = (model.Description, model.Coarse);
        var counts = new LabelCounts(description.Classes.Count, description.TokenCount, description.ClusterCount);
        var waiting = new Queue<ImageSpecification>(Specifications(description, imagesPerClass));
        for (var (id, count) = (0, 0); waiting.Count > 0 || coarse.Count > 0;)
        {
            cancellation.ThrowIfCancellationRequested();
            while (waiting.TryPeek(out var next) && next.Rows <= coarse.FreeRows)
            {
                coarse.Add(new RunningImage(id++, waiting.Dequeue(), description.TokenCount));
            }

            foreach (var image in coarse.Step())
            {
                counts.Add(image.Specification.ClassId, image.CoarseLabels);
                finished(++count);
            }
        }

        return counts.MostUsual();
    }

    private static IEnumerable<ImageSpecification> Specifications(ModelDescription model, int imagesPerClass) =>
        Enumerable.Range(0, model.Classes.Count).SelectMany(classId => Enumerable.Range(0, imagesPerClass)
            .Select(i => new ImageSpecification(classId, FirstSeed + (ulong)i, model.DefaultCoarse, model.DefaultFine)));
}
