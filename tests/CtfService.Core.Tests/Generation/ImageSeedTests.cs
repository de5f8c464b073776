using CtfService.Core.Generation;

namespace CtfService.Core.Tests.Generation;

public sealed class ImageSeedTests
{
    [Theory]
    [InlineData(0UL)]
    [InlineData(ulong.MaxValue)]
    public void Derive_FirstImage_KeepsTheRequestsSeed(ulong seed)
    {
        Assert.Equal(seed, ImageSeed.Derive(seed, index: 0));
    }

    [Theory]
    [InlineData(0UL, 1, 0xE220A8397B1DCDAFUL >> 11)] // outputs 1 to 3 of SplitMix64 seeded with 0, from its authors' reference code
    [InlineData(0UL, 2, 0x6E789E6AA1B965F4UL >> 11)]
    [InlineData(0UL, 3, 0x06C45D188009454FUL >> 11)]
    public void Derive_LaterImage_IsTheUpperBitsOfSplitMix64(ulong seed, int index, ulong expected)
    {
        Assert.Equal(expected, ImageSeed.Derive(seed, index));
    }

    [Fact]
    public void Derive_ImagesOfOneRequest_AllDiffer()
    {
        var seeds = Enumerable.Range(0, 1_000).Select(index => ImageSeed.Derive(42, index));

        Assert.Equal(1_000, seeds.Distinct().Count());
    }

    [Fact]
    public void Derive_NegativeIndex_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageSeed.Derive(1, -1));
    }
}
