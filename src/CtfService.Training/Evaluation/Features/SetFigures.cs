using CtfService.Training.Evaluation.Statistics;
using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Features;

/// <summary>
/// How a set of images compares with the training images, by the features of one extractor. docs/evaluation.md defines every figure; one that does not exist is
/// null, and the report says why.
/// </summary>
/// <param name="Images">In the set.</param>
/// <param name="Fid">Fréchet distance of the pooled features; 0 is the same distribution.</param>
/// <param name="Sfid">Fréchet distance of the spatial features.</param>
/// <param name="InceptionScore">Of the set alone.</param>
/// <param name="Precision">Share of the set that lies on the training images' manifold.</param>
/// <param name="Recall">Share of the training images that lie on the set's manifold.</param>
/// <param name="ClassAccuracy">How often the extractor names the class that was asked for, 0 to 1; null if it does not know the classes.</param>
public sealed record SetFigures(
    int Images, double? Fid, double? Sfid, InceptionScore? InceptionScore, double? Precision, double? Recall, double? ClassAccuracy)
{
    /// <summary>Rows of each set that precision and recall look at, as in ADM's evaluation, spread evenly over the classes.</summary>
    public const int MostNeighbours = 10_000;

    /// <param name="reference">Features of the training images, by the same extractor.</param>
    /// <param name="collector">Gets the reason of each figure that does not exist.</param>
    /// <param name="name">Of the set in the report.</param>
    /// <param name="incomplete">Why figures that need every class do not exist; null if the set has all classes.</param>
    /// <exception cref="ArgumentException">Other features.</exception>
    public static SetFigures Of(FeatureSet images, FeatureSet reference, FigureCollector collector, string name, string? incomplete = null)
    {
        using var scope = NewDisposeScope();
        T OfAllClasses<T>(Func<T> figure) => incomplete is null ? figure() : throw new UndefinedFigureException(incomplete);
        var neighbours = collector.Compute($"{name}.precision", () => PrecisionRecall.Of(Rows(reference), Rows(images), cancellation: collector.Cancellation));
        return new SetFigures(
            images.Count,
            collector.Compute($"{name}.fid", () => OfAllClasses(() => reference.Pooled.FrechetDistance(images.Pooled))),
            collector.Compute($"{name}.sfid", () => OfAllClasses(() => reference.Spatial.FrechetDistance(images.Spatial))),
            collector.Compute($"{name}.inception_score", () => OfAllClasses(() => images.Score ?? throw new UndefinedFigureException("class probabilities are NaN"))),
            neighbours?.Precision,
            collector.Compute($"{name}.recall", () => OfAllClasses(() => neighbours?.Recall ?? throw new UndefinedFigureException("as precision"))),
            images.Classes?.Accuracy);
    }

    private static Tensor Rows(FeatureSet set) => set.Kept.Pooled.narrow(0, 0, Math.Min(MostNeighbours, set.Kept.Pooled.shape[0]));
}
