using CtfService.Training.Evaluation.Statistics;
using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Features;

/// <summary>Features of individual images. Owns its tensors.</summary>
/// <param name="Pooled">float32 [n, D].</param>
/// <param name="Spatial">float32 [n, S].</param>
/// <param name="Images">Class and round of each row, rounds ascending.</param>
public sealed record FeatureRows(Tensor Pooled, Tensor Spatial, IReadOnlyList<FeatureRow> Images) : IDisposable
{
    private const int Batch = 1024;

    /// <summary>Fits a Gaussian to the given rows with equal weight of all classes; the caller owns it.</summary>
    /// <param name="features"><see cref="Pooled"/> or <see cref="Spatial"/>.</param>
    public Gaussian Gaussian(Tensor features, IReadOnlyList<int> rows)
    {
        var weights = new ClassWeights([.. rows.Select(row => Images[row].ClassId)]);
        using var accumulator = new GaussianAccumulator((int)features.shape[1]);
        foreach (var batch in rows.Chunk(Batch))
        {
            using var scope = NewDisposeScope();
            var indexes = tensor(batch.Select(row => (long)row).ToArray());
            accumulator.Add(features.index_select(0, indexes), [.. batch.Select(row => weights.Of(Images[row].ClassId))]);
        }

        return accumulator.ToGaussian();
    }

    public void Dispose()
    {
        Pooled.Dispose();
        Spatial.Dispose();
    }
}

/// <summary>The image of a row.</summary>
/// <param name="ClassId">Class of the image.</param>
/// <param name="Round">Number of images of its class that precede it.</param>
public readonly record struct FeatureRow(int ClassId, int Round);
