using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Features;

/// <summary>Computes the features that sets of images are compared by. Not thread-safe.</summary>
public interface IFeatureExtractor : IDisposable
{
    /// <summary>Name for reports. Figures of different extractors cannot be compared.</summary>
    string Name { get; }

    /// <summary>SHA-256 of the weights and the extraction method, lower-case hex. Equal hashes give equal features.</summary>
    string Hash { get; }

    /// <summary>Pooled features per image.</summary>
    int PooledWidth { get; }

    /// <summary>Spatial features per image.</summary>
    int SpatialWidth { get; }

    /// <summary>Names of the classes of the probabilities; null if they are not the classes of a data set.</summary>
    IReadOnlyList<string>? ClassNames { get; }

    /// <summary>Images per pass; larger batches are not faster.</summary>
    int BatchSize { get; }

    /// <summary>Computes the features of a batch.</summary>
    /// <param name="pixels">-1 to 1: [B, 3, H, W], of any size; not disposed.</param>
    ImageFeatures Extract(Tensor pixels);
}

/// <summary>The features of a batch. The receiver owns the tensors.</summary>
/// <param name="Pooled">Features averaged over the image, for FID, precision and recall: [B, PooledWidth].</param>
/// <param name="Spatial">Features of an earlier layer that keeps spatial information, for sFID: [B, SpatialWidth].</param>
/// <param name="Probabilities">Class probabilities, for the Inception Score: [B, classes].</param>
public sealed record ImageFeatures(Tensor Pooled, Tensor Spatial, Tensor Probabilities);
