using CtfService.Core.Generation;
using CtfService.Model.Sampling;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Sampling;

public sealed class GumbelNoiseTests
{
    private static readonly Random Random = new(5);

    /// <summary>The words where rounding, exponents or the form of the logarithm change, and random ones.</summary>
    public static uint[] Words { get; } =
    [
        .. Enumerable.Range(0, 32).SelectMany(bit => (uint[])[(1u << bit) - 1, 1u << bit, (1u << bit) + 1, ~(1u << bit), ~((1u << bit) - 1)]),
        .. Enumerable.Range(0, 600).Select(i => (uint)i),
        .. Enumerable.Range(0, 600).Select(i => uint.MaxValue - (uint)i),
        .. Enumerable.Range(0, 200_000).Select(_ => (uint)Random.NextInt64(1L << 32)),
    ];

    [Fact]
    public void OfWord_AnyWord_IsCloseToDoublePrecision()
    {
        foreach (var word in Words)
        {
            var u = (word + 0.5) / 4294967296;
            var exponential = u < 1e-4 ? u + (u * u / 2) + (u * u * u / 3) + (u * u * u * u / 4) : -Math.Log((uint.MaxValue - word + 0.5) / 4294967296);
            var expected = -Math.Log(exponential);

            Assert.InRange(GumbelNoise.OfWord(word), expected - Tolerance(expected), expected + Tolerance(expected));
        }
    }

    /// <summary>These bits decide the images of all seeds.</summary>
    [Theory]
    [InlineData(0u, 22.8738575f)]
    [InlineData(1u, 21.7752438f)]
    [InlineData(0x7FFFFFFFu, 0.366512924f)]
    [InlineData(0x80000000u, 0.366512924f)]
    [InlineData(0x9E3779B9u, 0.0383005701f)]
    [InlineData(uint.MaxValue, -3.12999463f)]
    public void OfWord_KnownWord_HasTheseBits(uint word, float noise) => Assert.Equal(noise, GumbelNoise.OfWord(word));

    [Fact]
    public void OfWord_LargerWord_IsNeverLarger()
    {
        uint[] ascending = [.. Words.Order()];

        for (var i = 1; i < ascending.Length; i++)
        {
            Assert.True(GumbelNoise.OfWord(ascending[i]) <= GumbelNoise.OfWord(ascending[i - 1]) + 1e-6f);
        }
    }

    [Fact]
    public void OfWords_AnyWord_HasTheBitsOfTheHost()
    {
        using var scope = NewDisposeScope();

        var onDevice = DeviceNoise.OfWords(tensor(Words.Select(word => (long)word).ToArray())).data<float>().ToArray();

        Assert.Equal(Words.Select(GumbelNoise.OfWord), onDevice);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 7)]
    [InlineData(5, 512)]
    [InlineData(2, 1022)]
    public void Gumbel_RowsAndPositions_HaveTheBitsOfTheHost(int count, int vocabulary)
    {
        using var scope = NewDisposeScope();
        ulong[] seeds = [0, 1, ulong.MaxValue, 0x8000_0000_0000_0000, 0x1234_5678_9ABC_DEF0];
        long[] first = [0, 63, 1023, 5, int.MaxValue - 10];

        var noise = DeviceNoise.Gumbel(tensor(seeds.Select(seed => unchecked((long)seed)).ToArray()), SamplingStage.Coarse, tensor(first), count, vocabulary);

        Assert.Equal([seeds.Length, count, vocabulary], noise.shape);
        var expected = new float[vocabulary];
        for (var row = 0; row < seeds.Length; row++)
        {
            for (var i = 0; i < count; i++)
            {
                GumbelNoise.Fill(new LabelDraw(SamplingMethod.GumbelMax, seeds[row], SamplingStage.Coarse, (int)first[row] + i), expected);
                Assert.Equal(expected, noise[row, i].data<float>().ToArray());
            }
        }
    }

    [Fact]
    public void Uniforms_Rows_HaveTheBitsOfTheHost()
    {
        using var scope = NewDisposeScope();
        long[] positions = [0, 3, 70_000];

        var uniforms = DeviceNoise.Uniforms(tensor(new[] { 0L, -1, 99 }), SamplingStage.Fine, tensor(positions).unsqueeze(1));

        Assert.Equal([3, 1], uniforms.shape);
        Assert.Equal(
            [.. ((ulong[])[0, ulong.MaxValue, 99]).Zip(positions, (seed, position) => CounterRandom.Uniform(seed, SamplingStage.Fine, (int)position))],
            uniforms.data<float>().ToArray());
    }

    [Fact]
    public void Fill_OtherSeedStageOrPosition_IsDifferent()
    {
        LabelDraw[] draws =
        [
            new(SamplingMethod.GumbelMax, 5, SamplingStage.Coarse, 3),
            new(SamplingMethod.GumbelMax, 6, SamplingStage.Coarse, 3),
            new(SamplingMethod.GumbelMax, 5 + (1UL << 32), SamplingStage.Coarse, 3),
            new(SamplingMethod.GumbelMax, 5, SamplingStage.Fine, 3),
            new(SamplingMethod.GumbelMax, 5, SamplingStage.Coarse, 4),
        ];

        var all = draws.SelectMany(draw =>
        {
            var noise = new float[8];
            GumbelNoise.Fill(draw, noise);
            return noise;
        });

        Assert.Equal(8 * draws.Length, all.Distinct().Count());
    }

    private static double Tolerance(double noise) => 1e-6 + (Math.Abs(noise) / (1 << 23));
}
