using System.Runtime.Intrinsics;
using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Tests.Cpu;

/// <summary>The replacement of an instruction, against the operation that IEEE 754 defines.</summary>
public sealed class EmulatedFmaTests
{
    private const int Rounds = 300_000;

    /// <summary>Any bits: all magnitudes, infinity and NaN among them.</summary>
    [Fact]
    public void MultiplyAdd_AnyBits_RoundsOnce()
    {
        var random = new Random(1);
        AssertRoundsOnce(() => BitConverter.Int32BitsToSingle((int)random.NextInt64(1L << 32)), random);
    }

    /// <summary>Few significant bits and close exponents: the sums are often half way between two floats.</summary>
    [Fact]
    public void MultiplyAdd_HalfwayCases_RoundsOnce()
    {
        var random = new Random(2);
        AssertRoundsOnce(() => MathF.ScaleB(random.Next(-4096, 4096) + (random.Next(3) / 2f), random.Next(-30, 30)), random);
    }

    /// <summary>Results with fewer than 24 bits.</summary>
    [Fact]
    public void MultiplyAdd_SubnormalResults_RoundsOnce()
    {
        var random = new Random(3);
        AssertRoundsOnce(() => MathF.ScaleB((float)(random.NextDouble() - 0.5), random.Next(-90, -50)), random, () => MathF.ScaleB(random.Next(-64, 64), -149));
    }

    /// <summary>
    /// c = 1 + 2^-23 and the product is 2^-24 less 2^-70. In double precision both sums end half way between two floats, of which the even one is wrong.
    /// </summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(-1, 1)]
    [InlineData(1, -1)]
    [InlineData(-1, -1)]
    public void MultiplyAdd_BesideHalfway_RoundsToTheNearest(int signOfProduct, int sign)
    {
        var a = Vector128.Create(signOfProduct * MathF.ScaleB(1 + MathF.ScaleB(1, -23), -12));
        var b = Vector128.Create(sign * MathF.ScaleB(1 - MathF.ScaleB(1, -23), -12));
        var c = Vector128.Create(sign * (1 + MathF.ScaleB(1, -23)));

        Assert.Equal(c, EmulatedFma.MultiplyAdd(a, b, c));
    }

    private static void AssertRoundsOnce(Func<float> next, Random random, Func<float>? addend = null)
    {
        for (var round = 0; round < Rounds; round++)
        {
            var (a, b) = (Four(next), Four(next));
            var c = random.Next(4) == 0 ? -(a * b) : Four(addend ?? next); // a quarter: what is left is the error of the product
            var actual = EmulatedFma.MultiplyAdd(a, b, c);
            for (var lane = 0; lane < Vector128<float>.Count; lane++)
            {
                var expected = MathF.FusedMultiplyAdd(a[lane], b[lane], c[lane]);
                Assert.True(expected.Equals(actual[lane]), $"{a[lane]:R} * {b[lane]:R} + {c[lane]:R} is {expected:R}, not {actual[lane]:R}");
            }
        }
    }

    private static Vector128<float> Four(Func<float> next) => Vector128.Create(next(), next(), next(), next());
}
