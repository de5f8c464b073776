using static TorchSharp.torch;

namespace CtfService.Model.Sampling;

/// <summary>
/// <see cref="ReproducibleMath"/> for tensors on any device, operation by operation, with the same bits. A division is by a tensor, never by a number, because
/// CUDA's kernels multiply by the reciprocal of a number.
/// </summary>
internal static class DeviceMath
{
    /// <summary>Returns the natural logarithms of positive normal numbers, in the caller's dispose scope.</summary>
    public static Tensor Log(Tensor values)
    {
        using var scope = NewDisposeScope();
        var (mantissa, exponent) = frexp(values); // mantissas from 1/2 to 1
        var isSmall = mantissa.less(ReproducibleMath.LeastMantissa);
        var f = where(isSmall, mantissa + mantissa, mantissa).sub_(1f);
        var s = f / (f + 2f);
        var square = s * s;
        var series = square * (2f / 9);
        foreach (var coefficient in (ReadOnlySpan<float>)[2f / 7, 2f / 5, 2f / 3])
        {
            series.add_(coefficient).mul_(square);
        }

        var logarithm = f - s.mul_(f - series);
        return (exponent - isSmall.to(ScalarType.Int32)).to(ScalarType.Float32).mul_(ReproducibleMath.Ln2).add_(logarithm).MoveToOuterDisposeScope();
    }

    /// <summary>Returns <see cref="ReproducibleMath.Weight"/> of numbers of at most 0: int64, in the caller's dispose scope.</summary>
    public static Tensor Weights(Tensor x)
    {
        using var scope = NewDisposeScope();
        var clamped = x.clamp_min(ReproducibleMath.LeastArgument);
        var n = (clamped * ReproducibleMath.Log2E).round_();
        var r = clamped - (n * ReproducibleMath.Ln2High) - (n * ReproducibleMath.Ln2Low);
        var series = full_like(r, 1f / 5040);
        foreach (var coefficient in (ReadOnlySpan<float>)[1f / 720, 1f / 120, 1f / 24, 1f / 6, 1f / 2, 1, 1])
        {
            series.mul_(r).add_(coefficient);
        }

        var weights = series.mul_((float)(1L << ReproducibleMath.WeightBits)).to(ScalarType.Int64);
        return weights.bitwise_right_shift_(n.neg_().to(ScalarType.Int64)).MoveToOuterDisposeScope();
    }
}
