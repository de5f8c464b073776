using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Statistics;

/// <summary>Mean and covariance of a set of feature rows, and the distance between two such sets. Owns its tensors.</summary>
public sealed class Gaussian : IDisposable
{
    private Tensor? _squareRoot; // [D, D]

    /// <param name="mean">float64 [D]; ownership passes to this object.</param>
    /// <param name="covariance">float64 [D, D], symmetric; ownership passes to this object.</param>
    /// <param name="count">Number of rows that it was computed from.</param>
    public Gaussian(Tensor mean, Tensor covariance, int count)
    {
        if (mean.dim() != 1 || !covariance.shape.SequenceEqual([mean.shape[0], mean.shape[0]]))
        {
            throw new ArgumentException(
                $"The covariance is [{string.Join(", ", covariance.shape)}], expected [D, D] for the mean [{string.Join(", ", mean.shape)}].",
                nameof(covariance));
        }

        Mean = mean.DetachFromDisposeScope();
        Covariance = covariance.DetachFromDisposeScope();
        Count = count;
    }

    /// <summary>float64 [D].</summary>
    public Tensor Mean { get; }

    /// <summary>float64 [D, D].</summary>
    public Tensor Covariance { get; }

    /// <summary>Number of rows that it was computed from. With fewer than D + 1 rows the covariance is singular; the distance is still defined.</summary>
    public int Count { get; }

    /// <summary>
    /// Computes the squared Fréchet distance |m1 - m2|^2 + tr C1 + tr C2 - 2 tr (C1 C2)^1/2 (Dowson and Landau 1982; FID if the rows are Inception features,
    /// Heusel et al. 2017). The last trace is computed as that of (C1^1/2 C2 C1^1/2)^1/2, which is symmetric: two symmetric eigenproblems replace the
    /// reference's square root of C1 C2, there are no imaginary parts, and covariances may be singular. Negative eigenvalues are rounding errors and are set to
    /// zero.
    /// </summary>
    /// <exception cref="UndefinedFigureException">A feature of either set is NaN or infinite.</exception>
    public double FrechetDistance(Gaussian other)
    {
        if (Mean.shape[0] != other.Mean.shape[0])
        {
            throw new ArgumentException(
                $"Features of {Mean.shape[0]} and {other.Mean.shape[0]} numbers cannot be compared; use one extractor for both sets.", nameof(other));
        }

        using var inference = no_grad();
        using var scope = NewDisposeScope();
        RequireFinite();
        other.RequireFinite();
        var root = SquareRoot();
        var product = root.matmul(other.Covariance).matmul(root);
        var traceOfRoot = linalg.eigvalsh((product + product.t()) / 2).clamp_min(0).sqrt().sum().item<double>();
        var means = (Mean - other.Mean).square().sum().item<double>();
        return Math.Max(0, means + Covariance.trace().item<double>() + other.Covariance.trace().item<double>() - (2 * traceOfRoot));
    }

    public void Dispose()
    {
        Mean.Dispose();
        Covariance.Dispose();
        _squareRoot?.Dispose();
    }

    private void RequireFinite() => FiniteFeatures.Require(Mean, Covariance);

    /// <summary>Returns the square root of the covariance; computed once, because the reference set is compared with many others.</summary>
    private Tensor SquareRoot()
    {
        if (_squareRoot is null)
        {
            var (values, vectors) = linalg.eigh(Covariance);
            _squareRoot = (vectors * values.clamp_min(0).sqrt()).matmul(vectors.t()).DetachFromDisposeScope();
        }

        return _squareRoot;
    }
}
