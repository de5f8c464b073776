using static TorchSharp.torch;

namespace CtfService.Model.Tests.Support;

internal static class TensorAssert
{
    /// <summary>Largest difference over largest expected magnitude, as the golden files define their tolerance.</summary>
    public static void Close(Tensor expected, Tensor actual, double tolerance, string name = "tensor")
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected.shape, actual.shape);
        var wanted = expected.to(float64);
        var difference = (actual.to(float64) - wanted).abs();
        var error = difference.max().item<double>() / Math.Max(wanted.abs().max().item<double>(), 1e-30);
        Assert.True(
            error <= tolerance,
            $"{name}: error {error:G3} is above {tolerance:G3} at flat position {difference.argmax().item<long>()} of [{string.Join(", ", expected.shape)}].");
    }

    public static void Equal(Tensor expected, Tensor actual, string name = "tensor")
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected.numel(), actual.numel());
        var different = expected.flatten().to(int64).ne(actual.flatten().to(int64)).sum().item<long>();
        Assert.True(different == 0, $"{name}: {different} of {expected.numel()} values differ.");
    }
}
