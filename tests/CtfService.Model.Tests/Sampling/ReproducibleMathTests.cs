using CtfService.Model.Sampling;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Sampling;

public sealed class ReproducibleMathTests
{
    [Fact]
    public void Log_NumbersOfAllMagnitudes_IsCloseAndEqualOnTheDevice()
    {
        using var scope = NewDisposeScope();
        var random = new Random(3);
        float[] numbers =
        [
            1, MathF.BitDecrement(1), MathF.BitIncrement(1), ReproducibleMath.LeastMantissa, MathF.BitDecrement(ReproducibleMath.LeastMantissa), 2, 0.5f, 24,
            .. Enumerable.Range(0, 100_000).Select(_ => (float)Math.Pow(2, (60 * random.NextDouble()) - 40)),
            .. Enumerable.Range(0, 100_000).Select(_ => 1 + ((random.NextSingle() - 0.5f) / 8)),
        ];

        var logarithms = DeviceMath.Log(tensor(numbers)).data<float>().ToArray();

        Assert.All(numbers.Zip(logarithms), pair =>
        {
            var (number, onDevice) = pair;
            var expected = Math.Log(number);
            Assert.Equal(ReproducibleMath.Log(number), onDevice);
            Assert.InRange(onDevice, expected - (Math.Abs(expected) * 3 / (1 << 24)), expected + (Math.Abs(expected) * 3 / (1 << 24)));
        });
    }

    [Fact]
    public void Weight_AnyArgument_IsCloseAndEqualOnTheDevice()
    {
        using var scope = NewDisposeScope();
        var random = new Random(4);
        float[] numbers =
            [0, -0f, -1e-7f, float.NegativeInfinity, float.MinValue, -26, -27, -30, -31, .. Enumerable.Range(0, 50_000).Select(_ => -28 * random.NextSingle())];

        var weights = DeviceMath.Weights(tensor(numbers)).data<long>().ToArray();

        Assert.Equal(1L << ReproducibleMath.WeightBits, weights[0]);
        Assert.Equal(0, weights[3]);
        Assert.All(numbers.Zip(weights), pair =>
        {
            var expected = Math.Exp(pair.First) * (1L << ReproducibleMath.WeightBits);
            Assert.Equal(ReproducibleMath.Weight(pair.First), pair.Second);
            Assert.InRange(pair.Second, expected - (expected * 3e-7) - 1, expected + (expected * 3e-7));
        });
    }
}
