using static TorchSharp.torch;

namespace CtfService.Model.TestSupport;

/// <summary>Compares tensors and reports where and by how much they differ. Every comparison returns the measured error.</summary>
public static class TensorAssert
{
    /// <summary>Passes if max|actual - expected| / max|expected| is at most <paramref name="tolerance"/>; infinities and NaNs must match exactly.</summary>
    public static double Close(Tensor expected, Tensor actual, double tolerance, string name = "tensor")
    {
        Assert.Equal(expected.shape, actual.shape);
        if (expected.numel() == 0)
        {
            return 0;
        }

        using var scope = NewDisposeScope();
        var largest = Finite(expected).abs().max().item<double>();
        var scale = largest > 0 ? largest : 1;
        return CloseAbsolute(expected, actual, tolerance * scale, name) / scale;
    }

    /// <summary>Passes if max|actual - expected| is at most <paramref name="tolerance"/>; infinities and NaNs must match exactly.</summary>
    public static double CloseAbsolute(Tensor expected, Tensor actual, double tolerance, string name = "tensor")
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected.shape, actual.shape);
        if (expected.numel() == 0)
        {
            return 0;
        }

        SameSpecialValues(expected, actual, name);
        var difference = (Finite(actual) - Finite(expected)).abs().flatten();
        var worst = difference.argmax().item<long>();
        var largest = difference[worst].item<double>();
        Assert.True(
            largest <= tolerance,
            $"{name} at {Position(worst, expected.shape)}: expected {Element(expected, worst):G9}, got {Element(actual, worst):G9}; "
            + $"the difference {largest:G3} is above {tolerance:G3}.");
        return largest;
    }

    /// <summary>Passes if every value in row-major order is the same; shapes and element types may differ, as between [B, T] and [B, Gh, Gw].</summary>
    public static double Equal(Tensor expected, Tensor actual, string name = "tensor")
    {
        using var scope = NewDisposeScope();
        return CloseAbsolute(expected.flatten(), actual.flatten(), 0, name);
    }

    private static void SameSpecialValues(Tensor expected, Tensor actual, string name)
    {
        var left = expected.detach().to(float64, CPU);
        var right = actual.detach().to(float64, CPU);
        var same = left.isfinite().logical_and(right.isfinite()).logical_or(left.eq(right)).logical_or(left.isnan().logical_and(right.isnan())).flatten();
        if (!same.all().item<bool>())
        {
            var first = same.logical_not().to(uint8).argmax().item<long>();
            var (wanted, given) = (left.flatten()[first].item<double>(), right.flatten()[first].item<double>());
            Assert.Fail($"{name} at {Position(first, expected.shape)}: expected {wanted}, got {given}.");
        }
    }

    private static Tensor Finite(Tensor tensor) => tensor.detach().to(float64, CPU).nan_to_num(0, 0, 0);

    private static double Element(Tensor tensor, long flat) => tensor.detach().to(float64, CPU).flatten()[flat].item<double>();

    private static string Position(long flat, long[] shape)
    {
        var position = new long[shape.Length];
        for (var dimension = shape.Length - 1; dimension >= 0; dimension--)
        {
            (flat, position[dimension]) = Math.DivRem(flat, shape[dimension]);
        }

        return $"[{string.Join(", ", position)}]";
    }
}
