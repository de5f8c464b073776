using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Features;

/// <summary>Turns images into the numbers by which sets of images are compared. One thread.</summary>
public interface IFeatureExtractor : IDisposable
{
    /// <summary>For reports: figures of different extractors cannot be compared.</summary>
    string Name { get; }

    /// <summary>SHA-256 of the weights and of how they are used, lower-case hex: the same hash, the same features.</summary>
    string Hash { get; }

    /// <summary>Numbers per image in <see cref="ImageFeatures.Pooled"/>.</summary>
    int PooledWidth { get; }

    /// <summary>Numbers per image in <see cref="ImageFeatures.Spatial"/>.</summary>
    int SpatialWidth { get; }

    /// <summary>Names of the classes that the probabilities are of; null where they are not a data set's own classes but a general network's.</summary>
    IReadOnlyList<string>? ClassNames { get; }

    /// <summary>Images of one pass; more gain nothing.</summary>
    int BatchSize { get; }

    /// <param name="pixels">-1 to 1: [B, 3, H, W], of any size; not disposed.</param>
    ImageFeatures Extract(Tensor pixels);
}

/// <summary>What an extractor sees in a batch. The receiver owns the tensors.</summary>
/// <param name="Pooled">Averages over the image, of FID, precision and recall: [B, PooledWidth].</param>
/// <param name="Spatial">An earlier layer that still knows where things are, of sFID: [B, SpatialWidth].</param>
/// <param name="Probabilities">Of the classes, of the Inception Score: [B, classes].</param>
public sealed record ImageFeatures(Tensor Pooled, Tensor Spatial, Tensor Probabilities);
