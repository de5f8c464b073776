using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.Core.Tests.Models;

public sealed class ExpectedImageTests
{
    private static readonly GeneratedImage Image = new(
        new ImageSpecification(ClassId: 0, Seed: 0, new SamplingSettings(), new SamplingSettings()),
        new RgbImage(2, 1, [1, 2, 3, 4, 5, 6]),
        CoarseLabels: [1, 2],
        Tokens: [30, 40],
        new StageTimings(TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero));

    private readonly ExpectedImage _expected = ExpectedImage.Of(Image);

    [Fact]
    public void FirstDifference_SameImage_IsNone()
    {
        Assert.Null(_expected.FirstDifference(Image with { Timings = new StageTimings(TimeSpan.MaxValue, TimeSpan.Zero, TimeSpan.Zero) }));
    }

    [Fact]
    public void FirstDifference_OneLabel_NamesTheCoarseStage()
    {
        Assert.Equal("coarse labels (coarse stage)", _expected.FirstDifference(Image with { CoarseLabels = [1, 3], Tokens = [30, 50] }));
    }

    [Fact]
    public void FirstDifference_OneToken_NamesTheFineStage()
    {
        Assert.Equal("tokens (fine stage)", _expected.FirstDifference(Image with { Tokens = [31, 40], Image = new RgbImage(2, 1, [0, 0, 0, 0, 0, 0]) }));
    }

    [Fact]
    public void FirstDifference_OneByteOfAPixel_NamesVqDecode()
    {
        Assert.Equal("pixels (VQ decode)", _expected.FirstDifference(Image with { Image = new RgbImage(2, 1, [1, 2, 3, 4, 5, 7]) }));
    }
}
