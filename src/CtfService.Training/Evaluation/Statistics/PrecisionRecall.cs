using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Statistics;

/// <summary>
/// Precision and recall of a generator (Kynkäänniemi et al. 2019, "Improved precision and recall metric"). The manifold of a set is the union of balls around
/// its rows; the radius is the distance to the k-th nearest neighbour in the set.
/// </summary>
/// <param name="Precision">Share of generated rows on the real manifold, 0 to 1: fidelity.</param>
/// <param name="Recall">Share of real rows on the generated manifold, 0 to 1: coverage of the data.</param>
public sealed record PrecisionRecall(double Precision, double Recall)
{
    /// <summary>k of the paper and of ADM's evaluation.</summary>
    public const int DefaultNeighbours = 3;

    /// <summary>Computes precision and recall.</summary>
    /// <param name="real">[N, D]; not disposed.</param>
    /// <param name="generated">[M, D]; not disposed.</param>
    /// <exception cref="UndefinedFigureException">A set has at most <paramref name="neighbours"/> rows, or a row is not finite.</exception>
    public static PrecisionRecall Of(Tensor real, Tensor generated, int neighbours = DefaultNeighbours, CancellationToken cancellation = default)
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        if (Math.Min(real.shape[0], generated.shape[0]) is var rows && rows <= neighbours)
        {
            throw new UndefinedFigureException($"precision and recall need more than {neighbours} images of each kind, there are {rows}");
        }

        FiniteFeatures.Require(real, generated);
        var realRadii = RowDistances.SquaredRadii(real, neighbours, cancellation);
        var generatedRadii = RowDistances.SquaredRadii(generated, neighbours, cancellation);
        return new PrecisionRecall(
            RowDistances.ShareInside(generated, real, realRadii, cancellation),
            RowDistances.ShareInside(real, generated, generatedRadii, cancellation));
    }
}
