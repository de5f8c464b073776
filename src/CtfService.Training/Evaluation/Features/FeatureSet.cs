using CtfService.Training.Classification;
using CtfService.Training.Data;
using CtfService.Training.Evaluation.Statistics;
using CtfService.Training.Progress;

namespace CtfService.Training.Evaluation.Features;

/// <summary>
/// What an extractor sees in a whole set of images, every class counting the same however many images it has, as a generator draws all classes equally often.
/// Memory does not grow with the set beyond <see cref="MostKept"/> images' features. Owns its tensors.
/// </summary>
public sealed class FeatureSet : IDisposable
{
    /// <summary>Images whose features are kept, for what needs them one by one: neighbours, and halves of the set.</summary>
    public const int MostKept = 20_000;

    internal FeatureSet(FeatureSetParts parts)
    {
        Parts = parts;
    }

    /// <summary>Images.</summary>
    public int Count => Parts.Pooled.Count;

    /// <summary>Of the pooled features of all images.</summary>
    public Gaussian Pooled => Parts.Pooled;

    /// <summary>Of the spatial features of all images.</summary>
    public Gaussian Spatial => Parts.Spatial;

    /// <summary>Null if the features are not finite.</summary>
    public InceptionScore? Score => Parts.Score;

    /// <summary>Whether no feature and no probability is NaN or infinite; if one is, the extractor's weights are damaged.</summary>
    public bool IsFinite => Parts.IsFinite;

    /// <summary>Features of up to <see cref="MostKept"/> images, in <see cref="BalancedOrder"/>.</summary>
    public FeatureRows Kept => Parts.Kept;

    /// <summary>
    /// How often the likeliest class is the image's own; null if the extractor does not know the set's classes, or its features are not finite.
    /// </summary>
    public ClassifierReport? Classes => Parts.Classes;

    internal FeatureSetParts Parts { get; }

    /// <summary>Extracts the features of every image, in <see cref="BalancedOrder"/>.</summary>
    /// <exception cref="DatasetException">The extractor names classes, and the set has others.</exception>
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

/// <summary>Everything a <see cref="FeatureSet"/> is made of.</summary>
internal sealed record FeatureSetParts(Gaussian Pooled, Gaussian Spatial, InceptionScore? Score, FeatureRows Kept, ClassifierReport? Classes, bool IsFinite);
