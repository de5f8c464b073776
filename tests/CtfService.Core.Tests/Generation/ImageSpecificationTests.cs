using CtfService.Core.Generation;

namespace CtfService.Core.Tests.Generation;

public sealed class ImageSpecificationTests
{
    private static readonly SamplingSettings Sound = new();

    public static TheoryData<string, SamplingSettings> OutOfRange => new()
    {
        { "temperature is -1, expected 0 to 1000", new SamplingSettings(-1) },
        { "temperature is NaN", new SamplingSettings(float.NaN) },
        { "temperature is Infinity", new SamplingSettings(float.PositiveInfinity) },
        { "top_k is -1, expected 0 or more", new SamplingSettings(TopK: -1) },
        { "top_p is 1.5, expected 0 to 1", new SamplingSettings(TopP: 1.5f) },
        { "top_p is NaN", new SamplingSettings(TopP: float.NaN) },
        { "guidance_scale is -3, expected 1 to 1000", new SamplingSettings(GuidanceScale: -3) },
        { "guidance_scale is Infinity", new SamplingSettings(GuidanceScale: float.PositiveInfinity) },
        { "guidance_interval is -2, expected -1 or more", new SamplingSettings(GuidanceInterval: -2) },
    };

    [Theory]
    [InlineData(1f, 1)]
    [InlineData(1.01f, 2)]
    public void Rows_GuidanceScaleAboveOne_AddsASecondRow(float guidanceScale, int expected)
    {
        var image = new ImageSpecification(0, 1, new SamplingSettings(GuidanceScale: guidanceScale), new SamplingSettings(GuidanceScale: 5));

        Assert.Equal(expected, image.Rows);
    }

    [Theory]
    [MemberData(nameof(OutOfRange))]
    public void Create_SamplingOutOfRange_IsRefused(string problem, SamplingSettings settings)
    {
        Assert.Contains(
            $"Coarse.{problem}", Assert.Throws<ArgumentException>(() => new ImageSpecification(0, 1, settings, Sound)).Message, StringComparison.Ordinal);
        Assert.Contains(
            $"Fine.{problem}", Assert.Throws<ArgumentException>(() => new ImageSpecification(0, 1, Sound, settings)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new ImageSpecification(0, 1, Sound, Sound) with { Coarse = settings });
    }
}
