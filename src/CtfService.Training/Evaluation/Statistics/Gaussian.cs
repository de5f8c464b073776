using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Statistics;

/// <summary>Mean and covariance of a set of feature rows, and the distance between two such sets. Owns its tensors.</summary>
public sealed class Gaussian : IDisposable
{
    private Tensor? _squareRoot; // [D, D]

    /// <param name="mean">float64 [D]; becomes this object's.</param>
    /// <param name="covariance">float64 [D, D], symmetric; becomes this object's.</param>
    /// <param name="count">Rows it was computed from.</param>
    public Gaussian(Tensor mean, Tensor covariance, int count)
    {
        if (mean.dim() != 1 || !covariance.shape.SequenceEqual([mean.shape[0], mean.shape[0]]))
        {
            throw new ArgumentException($"A mean [{string.Join(", ", mean.shape)}] takes a square covariance of its width, not [{string.Join(", ", covariance.shape)}].", nameof(covariance));
        }

        Mean = mean.DetachFromDisposeScope();
        Covariance = covariance.DetachFromDisposeScope();
        Count = count;
    }

    /// <summary>float64 [D].</summary>
    public Tensor Mean { get; }

    /// <summary>float64 [D, D].</summary>
    public Tensor Covariance { get; }

    /// <summary>Rows it was computed from; with fewer than D + 1 of them the covariance is singular, which the distance bears.</summary>
    public int Count { get; }

    /// <summary>
    /// Squared Fréchet distance |m1 - m2|^2 + tr C1 + tr C2 - 2 tr (C1 C2)^1/2 (Dowson and Landau 1982; FID where the rows are Inception's, Heusel et al. 2017).
    /// The last trace is that of (C1^1/2 C2 C1^1/2)^1/2, which is symmetric: two symmetric eigenproblems in place of the reference's square root of C1 C2, no
    /// imaginary parts, and covariances may be singular. Negative eigenvalues are rounding and count as zero.
    /// </summary>
    /// <exception cref="UndefinedFigureException">A feature of either set is NaN or infinite.</exception>
    public double FrechetDistance(Gaussian other)
    {
        if (Mean.shape[0] != other.Mean.shape[0])
        {
            throw new ArgumentException($"Features of {Mean.shape[0]} and {other.Mean.shape[0]} numbers cannot be compared; use one extractor for both sets.", nameof(other));
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

    /// <summary>Computed once: the reference set is compared with many others.</summary>
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
