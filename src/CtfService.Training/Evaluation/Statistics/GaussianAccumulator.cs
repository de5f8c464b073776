using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Statistics;

/// <summary>
/// Accumulates mean and covariance of batches of rows, in float64 and in constant memory: deviations from each batch's own mean, combined pairwise (Chan, Golub
/// and LeVeque 1979, "Updating formulae and a pairwise algorithm for computing sample variances"). Not thread-safe.
/// </summary>
public sealed class GaussianAccumulator : IDisposable
{
    private readonly Tensor _mean;    // [D]
    private readonly Tensor _scatter; // [D, D]: weighted sum of products of deviations from the mean
    private double _weight;
    private double _squaredWeight;

    /// <param name="width">D: numbers per row.</param>
    public GaussianAccumulator(int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        _mean = zeros(width, float64).DetachFromDisposeScope();
        _scatter = zeros(width, width, float64).DetachFromDisposeScope();
    }

    /// <summary>Number of rows so far.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a batch of rows.</summary>
    /// <param name="rows">[B, D], of any floating-point type; not disposed.</param>
    /// <param name="weights">[B], positive; null for a weight of 1 per row.</param>
    public void Add(Tensor rows, IReadOnlyList<double>? weights = null)
    {
        if (rows.dim() != 2 || rows.shape[1] != _mean.shape[0])
        {
            throw new ArgumentException($"The rows are [{string.Join(", ", rows.shape)}], expected [B, {_mean.shape[0]}].", nameof(rows));
        }

        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var values = rows.to(float64, CPU);
        var weight = weights is null ? ones(values.shape[0], float64) : tensor(weights.ToArray(), float64); // [B]
        var total = weight.sum().item<double>();
        var mean = weight.unsqueeze(0).matmul(values).squeeze(0).div_(total); // [D]
        var deviations = values - mean;
        _scatter.add_(deviations.t().matmul(deviations * weight.unsqueeze(1)));

        var shift = mean - _mean;
        _scatter.add_(shift.outer(shift), alpha: _weight * total / (_weight + total));
        _mean.add_(shift, alpha: total / (_weight + total));
        _weight += total;
        _squaredWeight += weight.square().sum().item<double>();
        Count += (int)values.shape[0];
    }

    /// <summary>
    /// Returns the Gaussian of the rows so far; the caller owns it. With equal weights the covariance is divided by the number of rows minus one, as usual.
    /// </summary>
    /// <exception cref="UndefinedFigureException">There are fewer than two rows, so the covariance is undefined.</exception>
    public Gaussian ToGaussian()
    {
        if (Count < 2)
        {
            throw new UndefinedFigureException($"a covariance needs at least two images, there are {Count}");
        }

        // Unbiased for reliability weights (importance of a row), as opposed to frequency weights.
        return new Gaussian(_mean.clone(), _scatter / (_weight - (_squaredWeight / _weight)), Count);
    }

    public void Dispose()
    {
        _mean.Dispose();
        _scatter.Dispose();
    }
}
