using CtfService.Model.Sampling;

namespace CtfService.Model.Tests.Sampling;

public sealed class CounterRandomTests
{
    [Theory] // Random123 1.14.0, tests/kat_vectors, "philox4x32 10"
    [InlineData(0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8)]
    [InlineData(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd)]
    [InlineData(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1)]
    public void Block_KnownInputs_GivesKnownAnswers(uint x, uint y, uint z, uint w, uint key0, uint key1, uint first, uint second, uint third, uint fourth) =>
        Assert.Equal((first, second, third, fourth), Philox4x32.Block(key0, key1, x, y, z, w));

    [Fact]
    public void Uniform_SeedZeroPositionZero_IsTheTopOfTheKnownAnswer() =>
        Assert.Equal(0x6627e8 / 16777216f, CounterRandom.Uniform(0, SamplingStage.Coarse, 0));

    [Fact]
    public void Uniform_OtherSeedStagePositionOrDraw_IsDifferent()
    {
        float[] numbers =
        [
            CounterRandom.Uniform(5, SamplingStage.Coarse, 3),
            CounterRandom.Uniform(6, SamplingStage.Coarse, 3),
            CounterRandom.Uniform(5 + (1UL << 32), SamplingStage.Coarse, 3),
            CounterRandom.Uniform(5, SamplingStage.Fine, 3),
            CounterRandom.Uniform(5, SamplingStage.Coarse, 4),
            CounterRandom.Uniform(5, SamplingStage.Coarse, 3, draw: 1),
        ];

        Assert.Equal(numbers.Length, numbers.Distinct().Count());
    }

    [Theory]
    [InlineData(SamplingStage.Coarse)]
    [InlineData(SamplingStage.Fine)]
    public void Uniform_ManySeedsAndPositions_IsUniform(SamplingStage stage)
    {
        const int bins = 64;
        var counts = new int[bins];
        for (ulong seed = 0; seed < 256; seed++)
        {
            for (var position = 0; position < 256; position++)
            {
                var uniform = CounterRandom.Uniform(seed, stage, position);
                Assert.InRange(uniform, 0, CounterRandom.Largest);
                counts[(int)(uniform * bins)]++;
            }
        }

        const double expected = 65536.0 / bins;
        Assert.InRange(counts.Sum(count => (count - expected) * (count - expected) / expected), 30, 104); // 63 degrees of freedom: 0.1 % on either side
    }

    [Fact]
    public void Uniform_Largest_IsBelowOne() => Assert.Equal(1 - (1.0 / (1 << 24)), CounterRandom.Largest);
}
