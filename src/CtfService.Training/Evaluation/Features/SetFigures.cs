using CtfService.Training.Evaluation.Statistics;
using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Features;

/// <summary>
/// Figures that compare a set of images with the training images by the features of one extractor. docs/evaluation.md defines every figure; an undefined figure
/// is null, and the report has the reason.
/// </summary>
/// <param name="Images">Number of images in the set; null if only statistics are known.</param>
/// <param name="Fid">Fréchet distance of the pooled features; 0 means equal distributions.</param>
/// <param name="Sfid">Fréchet distance of the spatial features.</param>
/// <param name="InceptionScore">Inception Score of the set alone.</param>
/// <param name="Precision">Share of the set on the manifold of the training images.</param>
/// <param name="Recall">Share of the training images on the manifold of the set.</param>
/// <param name="ClassAccuracy">How often the extractor predicts the requested class, 0 to 1; null if it does not know the classes.</param>
public sealed record SetFigures(
    int? Images, double? Fid, double? Sfid, InceptionScore? InceptionScore, double? Precision, double? Recall, double? ClassAccuracy)
{
    /// <summary>Maximum number of rows of each set for precision and recall, as in ADM's evaluation, spread evenly over the classes.</summary>
    public const int MaxNeighbours = 10_000;

    /// <summary>Computes the figures of a set.</summary>
    /// <param name="reference">Features of the training images, by the same extractor.</param>
    /// <param name="collector">Collects undefined figures with their reasons.</param>
    /// <param name="name">Name of the set in the report.</param>
    /// <param name="incomplete">Why figures that need all classes are undefined; null if the set has all classes.</param>
    /// <exception cref="ArgumentException">The sets have features of different extractors.</exception>
    public static SetFigures Of(FeatureSet images, FeatureSet reference, FigureCollector collector, string name, string? incomplete = null)
    {
        using var scope = NewDisposeScope();
        T OfAllClasses<T>(Func<T> figure) => incomplete is null ? figure() : throw new UndefinedFigureException(incomplete);
        var neighbours = collector.Compute($"{name}.precision", () => PrecisionRecall.Of(Rows(reference), Rows(images), cancellation: collector.Cancellation));
        return new SetFigures(
            images.Count > 0 ? images.Count : null,
            collector.Compute($"{name}.fid", () => OfAllClasses(() => reference.Pooled.FrechetDistance(images.Pooled))),
            collector.Compute($"{name}.sfid", () => OfAllClasses(() => reference.Spatial.FrechetDistance(images.Spatial))),
            collector.Compute(
                $"{name}.inception_score",
                () => OfAllClasses(() => images.Score)),
            neighbours?.Precision,
            collector.Compute($"{name}.recall", () => OfAllClasses(() => neighbours?.Recall ?? throw new UndefinedFigureException("as precision"))),
            images.Classes?.Accuracy);
    }

    private static Tensor Rows(FeatureSet set) => set.Kept.Pooled.narrow(0, 0, Math.Min(MaxNeighbours, set.Kept.Pooled.shape[0]));
}
