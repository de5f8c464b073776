using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Statistics;

/// <summary>
/// Precision and recall of a generator (Kynkäänniemi et al. 2019, "Improved precision and recall metric"): each set's manifold is the union of balls around its
/// rows that reach to their k-th nearest neighbour in the set.
/// </summary>
/// <param name="Precision">Share of generated rows on the real manifold, 0 to 1: how many look real.</param>
/// <param name="Recall">Share of real rows on the generated manifold, 0 to 1: how much of the data is covered.</param>
public sealed record PrecisionRecall(double Precision, double Recall)
{
    /// <summary>k of the paper and of ADM's evaluation.</summary>
    public const int DefaultNeighbours = 3;

    /// <param name="real">[N, D]; not disposed.</param>
    /// <param name="generated">[M, D]; not disposed.</param>
    /// <exception cref="ArgumentException">A set has no more rows than <paramref name="neighbours"/>.</exception>
    public static PrecisionRecall Of(Tensor real, Tensor generated, int neighbours = DefaultNeighbours)
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var realRadii = RowDistances.SquaredRadii(real, neighbours);
        var generatedRadii = RowDistances.SquaredRadii(generated, neighbours);
        return new PrecisionRecall(
            RowDistances.ShareInside(generated, real, realRadii),
            RowDistances.ShareInside(real, generated, generatedRadii));
    }
}
