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

    internal FeatureSet(FeatureSetParts parts)
    {
        Parts = parts;
    }

    /// <summary>Number of images.</summary>
    public int Count => Parts.Pooled.Count;

    /// <summary>Gaussian of the pooled features of all images.</summary>
    public Gaussian Pooled => Parts.Pooled;

    /// <summary>Gaussian of the spatial features of all images.</summary>
    public Gaussian Spatial => Parts.Spatial;

    /// <summary>Inception Score; null if the features are not finite.</summary>
    public InceptionScore? Score => Parts.Score;

    /// <summary>Whether all features and probabilities are finite; if not, the extractor's weights are damaged.</summary>
    public bool IsFinite => Parts.IsFinite;

    /// <summary>Features of up to <see cref="MaxKept"/> images, in <see cref="BalancedOrder"/>.</summary>
    public FeatureRows Kept => Parts.Kept;

    /// <summary>
    /// How often the most probable class is that of the image; null if the extractor does not know the classes of the set, or its features are not finite.
    /// </summary>
    public ClassifierReport? Classes => Parts.Classes;

    internal FeatureSetParts Parts { get; }

    /// <summary>Extracts the features of every image, in <see cref="BalancedOrder"/>.</summary>
    /// <exception cref="DatasetException">The set has a class that the extractor does not know.</exception>
    /// <exception cref="OperationCanceledException">Cancelled between two batches.</exception>
    public static FeatureSet Extract(IFeatureExtractor extractor, ImageDataset images, ITrainingProgress progress, CancellationToken cancellation = default)
    {
        var known = extractor.ClassNames is { } names ? images.WithClassNames(names) : images;
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
        Pooled.Dispose();
        Spatial.Dispose();
        Kept.Dispose();
    }
}

/// <summary>The content of a <see cref="FeatureSet"/>.</summary>
internal sealed record FeatureSetParts(Gaussian Pooled, Gaussian Spatial, InceptionScore? Score, FeatureRows Kept, ClassifierReport? Classes, bool IsFinite);
