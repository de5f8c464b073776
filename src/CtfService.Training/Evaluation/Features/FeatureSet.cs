using CtfService.Training.Classification;
using CtfService.Training.Data;
using CtfService.Training.Evaluation.Statistics;
using CtfService.Training.Progress;

namespace CtfService.Training.Evaluation.Features;

/// <summary>
/// Feature statistics of a set of images by one extractor. All classes have equal weight however many images they have, because a generator samples all classes
/// equally often. Memory does not grow beyond the features of <see cref="MaxKept"/> images. Owns its tensors.
/// </summary>
public sealed class FeatureSet : IDisposable
{
    /// <summary>Maximum number of images whose individual features are kept, for neighbours and for halves of the set.</summary>
    public const int MaxKept = 20_000;

    private const string StatisticsOnly = "it needs the images, and there is only a statistics file";

    internal FeatureSet(FeatureSetParts parts)
    {
        Parts = parts;
    }

    /// <summary>Number of images; 0 if only statistics are known.</summary>
    public int Count => Parts.Kept is null ? 0 : Parts.Pooled!.Count;

    /// <summary>Gaussian of the pooled features of all images.</summary>
    /// <exception cref="UndefinedFigureException">The statistics have another number of features.</exception>
    public Gaussian Pooled => Parts.Pooled ?? throw new UndefinedFigureException(Parts.Why!);

    /// <summary>Gaussian of the spatial features of all images.</summary>
    /// <exception cref="UndefinedFigureException">The statistics have no spatial features, or another number of them.</exception>
    public Gaussian Spatial => Parts.Spatial ?? throw new UndefinedFigureException(Parts.Why ?? "the statistics file has no mu_s and sigma_s that fit");

    /// <summary>Inception Score.</summary>
    /// <exception cref="UndefinedFigureException">Only statistics are known, or the probabilities are not finite.</exception>
    public InceptionScore Score => Parts.Score ?? throw new UndefinedFigureException(Parts.Kept is null ? StatisticsOnly : "class probabilities are NaN");

    /// <summary>Whether all features and probabilities are finite; if not, the extractor's weights are damaged.</summary>
    public bool IsFinite => Parts.IsFinite;

    /// <summary>Features of up to <see cref="MaxKept"/> images, in <see cref="BalancedOrder"/>.</summary>
    /// <exception cref="UndefinedFigureException">Only statistics are known.</exception>
    public FeatureRows Kept => Parts.Kept ?? throw new UndefinedFigureException(StatisticsOnly);

    /// <summary>
    /// How often the most probable class is that of the image; null if the extractor does not know the classes of the set, or its features are not finite.
    /// </summary>
    public ClassifierReport? Classes => Parts.Classes;

    internal FeatureSetParts Parts { get; }

    /// <summary>Creates a set of which only statistics are known; they are copied. They are left out if the extractor has another number of features.</summary>
    public static FeatureSet Of(FeatureStatistics statistics, IFeatureExtractor extractor) => statistics.Width == extractor.PooledWidth
        ? new FeatureSet(new FeatureSetParts(Copy(statistics.Pooled), SpatialOf(statistics, extractor), null, null, null, IsFinite: true))
        : new FeatureSet(new FeatureSetParts(null, null, null, null, null, IsFinite: true)
        {
            Why = $"the statistics have {statistics.Width} features of each image, and {extractor.Name} has {extractor.PooledWidth}",
        });

    /// <summary>Replaces the Gaussians by those of statistics, if the extractor has as many features; both sets own their tensors.</summary>
    public FeatureSet With(FeatureStatistics statistics, IFeatureExtractor extractor)
    {
        if (statistics.Width != extractor.PooledWidth)
        {
            return this;
        }

        var (pooled, spatial) = (Parts.Pooled!, Parts.Spatial!);
        var count = pooled.Count;
        pooled.Dispose();
        var replaced = SpatialOf(statistics, extractor);
        if (replaced is not null)
        {
            spatial.Dispose();
        }

        return new FeatureSet(Parts with { Pooled = Copy(statistics.Pooled, count), Spatial = replaced ?? spatial });
    }

    /// <summary>Extracts the features of every image, in <see cref="BalancedOrder"/>.</summary>
    /// <exception cref="DatasetException">The set has a class that the extractor does not know.</exception>
    /// <exception cref="OperationCanceledException">Cancelled between two batches.</exception>
    public static FeatureSet Extract(IFeatureExtractor extractor, ImageDataset images, ITrainingProgress progress, CancellationToken cancellation = default)
    {
        var known = extractor.ClassNames is { } names && images.IsLabelled ? images.WithClassNames(names) : images;
        using var reading = new FeatureReading(extractor, known);
        var meter = new TrainingMeter(progress, new TrainingPace(0, known.Count, BatchSize: 1, ReportEvery: 1));
        var finished = 0;
        foreach (var batch in BalancedOrder.Of(images.ClassIds).Chunk(extractor.BatchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            reading.Read(batch);
            meter.StepFinished(finished += batch.Length, () => new Dictionary<string, double>());
        }

        return new FeatureSet(reading.Finish());
    }

    public void Dispose()
    {
        Parts.Pooled?.Dispose();
        Parts.Spatial?.Dispose();
        Parts.Kept?.Dispose();
    }

    private static Gaussian? SpatialOf(FeatureStatistics statistics, IFeatureExtractor extractor) =>
        statistics.Spatial is { } spatial && spatial.Mean.shape[0] == extractor.SpatialWidth ? Copy(spatial) : null;

    private static Gaussian Copy(Gaussian gaussian, int count = 0) => new(gaussian.Mean.clone(), gaussian.Covariance.clone(), count);
}

/// <summary>The content of a <see cref="FeatureSet"/>.</summary>
internal sealed record FeatureSetParts(
    Gaussian? Pooled, Gaussian? Spatial, InceptionScore? Score, FeatureRows? Kept, ClassifierReport? Classes, bool IsFinite)
{
    /// <summary>Why the Gaussians are missing; null if they are there.</summary>
    public string? Why { get; init; }
}
