using CtfService.Model.Layers;
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
        var f = where(isSmall, mantissa + mantissa, mantissa).sub_(Scalars.Of(1f));
        var s = f / (f + Scalars.Of(2f));
        var square = s * s;
        var series = square * Scalars.Of(2f / 9);
        foreach (var coefficient in (ReadOnlySpan<float>)[2f / 7, 2f / 5, 2f / 3])
        {
            series.add_(Scalars.Of(coefficient)).mul_(square);
        }

        var logarithm = f - s.mul_(f - series);
        var scaled = (exponent - isSmall.to(ScalarType.Int32)).to(ScalarType.Float32).mul_(Scalars.Of(ReproducibleMath.Ln2));
        return scaled.add_(logarithm).MoveToOuterDisposeScope();
    }

    /// <summary>Returns <see cref="ReproducibleMath.Weight"/> of numbers of at most 0: int64, in the caller's dispose scope.</summary>
    public static Tensor Weights(Tensor x)
    {
        using var scope = NewDisposeScope();
        var clamped = x.clamp_min(Scalars.Of(ReproducibleMath.LeastArgument));
        var n = (clamped * Scalars.Of(ReproducibleMath.Log2E)).round_();
        var r = clamped - (n * Scalars.Of(ReproducibleMath.Ln2High)) - (n * Scalars.Of(ReproducibleMath.Ln2Low));
        var series = full_like(r, Scalars.Of(1f / 5040));
        foreach (var coefficient in (ReadOnlySpan<float>)[1f / 720, 1f / 120, 1f / 24, 1f / 6, 1f / 2, 1, 1])
        {
            series.mul_(r).add_(Scalars.Of(coefficient));
        }

        var weights = series.mul_(Scalars.Of((float)(1L << ReproducibleMath.WeightBits))).to(ScalarType.Int64);
        return weights.bitwise_right_shift_(n.neg_().to(ScalarType.Int64)).MoveToOuterDisposeScope();
    }
}
