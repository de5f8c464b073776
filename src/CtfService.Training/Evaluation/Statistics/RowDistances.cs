using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Statistics;

/// <summary>Computes distances between the rows of two sets block by block, without a matrix of all pairs.</summary>
internal static class RowDistances
{
    private const int Block = 1024;

    /// <summary>Returns the k-th smallest squared distance from each row to the other rows of the set.</summary>
    /// <param name="rows">[N, D] with N > k.</param>
    /// <returns>float64 [N]; owned by the caller.</returns>
    public static Tensor SquaredRadii(Tensor rows, int k, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(rows.shape[0], k, nameof(rows));
        using var scope = NewDisposeScope();
        var radii = new List<Tensor>();
        foreach (var block in Starts(rows, cancellation))
        {
            // The first neighbour of a row is the row itself, at distance zero.
            radii.Add(ToAll(rows, block, rows, distances => distances.topk(k + 1, dim: 1, largest: false).values.narrow(1, k, 1).squeeze(1)));
        }

        return cat(radii).MoveToOuterDisposeScope();
    }

    /// <summary>Returns the share of the rows inside the ball of any centre, boundary included.</summary>
    /// <param name="rows">[N, D].</param>
    /// <param name="centres">[M, D].</param>
    /// <param name="squaredRadii">float64 [M].</param>
    public static double ShareInside(Tensor rows, Tensor centres, Tensor squaredRadii, CancellationToken cancellation = default)
    {
        var inside = 0L;
        foreach (var block in Starts(rows, cancellation))
        {
            using var scope = NewDisposeScope();
            inside += ToAll(rows, block, centres, distances => distances.le(squaredRadii).any(1).sum()).item<long>();
        }

        return inside / (double)rows.shape[0];
    }

    /// <summary>Returns the distance from each row to the nearest of the other rows.</summary>
    /// <param name="rows">[N, D].</param>
    /// <param name="others">[M, D].</param>
    public static double[] NearestDistances(Tensor rows, Tensor others, CancellationToken cancellation = default)
    {
        var nearest = new List<double>();
        foreach (var block in Starts(rows, cancellation))
        {
            using var scope = NewDisposeScope();
            nearest.AddRange(ToAll(rows, block, others, distances => distances.min(1).values.sqrt()).data<double>());
        }

        return [.. nearest];
    }

    private static IEnumerable<long> Starts(Tensor rows, CancellationToken cancellation)
    {
        for (var start = 0L; start < rows.shape[0]; start += Block)
        {
            cancellation.ThrowIfCancellationRequested();
            yield return start;
        }
    }

    /// <summary>
    /// Computes squared distances |a|^2 - 2 a.b + |b|^2, clamped to zero, from a block of rows to all others. Uses float64: the reference uses float16 and
    /// float32, in which the radii of nearly equal images, such as frames of a film, are lost to rounding.
    /// </summary>
    private static Tensor ToAll(Tensor rows, long start, Tensor others, Func<Tensor, Tensor> use)
    {
        using var scope = NewDisposeScope();
        var block = rows.narrow(0, start, Math.Min(Block, rows.shape[0] - start)).to(float64);
        var wide = others.to(float64);
        var distances = block.matmul(wide.t()).mul_(-2).add_(block.square().sum(1).unsqueeze(1)).add_(wide.square().sum(1)).clamp_min_(0); // [B, M]
        return use(distances).MoveToOuterDisposeScope();
    }
}
