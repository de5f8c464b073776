using CtfService.Core.Generation;

namespace CtfService.Core.Tests.Generation;

public sealed class ImageSpecificationTests
{
    [Theory]
    [InlineData(1f, 1)]
    [InlineData(1.01f, 2)]
    public void Rows_GuidanceScale_TakesASecondRowAboveOne(float guidanceScale, int expected)
    {
        var image = new ImageSpecification(0, 1, new SamplingSettings(GuidanceScale: guidanceScale), new SamplingSettings(GuidanceScale: 5));

        Assert.Equal(expected, image.Rows);
    }
}
