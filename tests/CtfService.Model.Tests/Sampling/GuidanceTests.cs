using CtfService.Core.Generation;
using CtfService.Model.Sampling;
using CtfService.Model.TestSupport;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Sampling;

public sealed class GuidanceTests
{
    [Fact]
    public void Combine_ScaleOne_GivesTheConditionalLogits()
    {
        using var scope = NewDisposeScope();
        var conditional = linspace(-3, 3, 8, float32).reshape(2, 4);

        var combined = Guidance.Combine(conditional, conditional.flip(1), tensor(1f));

        TensorAssert.Close(conditional, combined, 1e-6);
    }

    [Fact]
    public void GuidedRows_ScaleOne_TakesNoSecondRowAndChangesNoLogit()
    {
        using var scope = NewDisposeScope();
        using var rows = new GuidedRows([new SamplingSettings(GuidanceScale: 1), new SamplingSettings(GuidanceScale: 3)], CPU);
        var logits = tensor(new float[] { 1, 2, 3, 4, 0, 1 }, [3, 2]);

        var combined = rows.Combine(logits);

        Assert.Equal(1, rows.GuidedCount);
        Assert.Equal([1, 2, 9, 10], combined.data<float>().ToArray());
    }

    [Theory]
    [InlineData(0, new float[] { 9, 10, 9, 10, 9, 10 })]
    [InlineData(1, new float[] { 9, 10, 9, 10, 9, 10 })]
    [InlineData(2, new float[] { 3, 4, 9, 10, 9, 10 })]
    [InlineData(4, new float[] { 3, 4, 9, 10, 9, 10 })]
    [InlineData(5, new float[] { 3, 4, 3, 4, 9, 10 })]
    public void GuidedRows_Intervals_GuideEachImageToItsOwnLastPosition(long position, float[] expected)
    {
        using var scope = NewDisposeScope();
        int[] intervals = [0, 3, SamplingSettings.AlwaysGuided];
        using var rows = new GuidedRows([.. intervals.Select(interval => new SamplingSettings(GuidanceScale: 3, GuidanceInterval: interval))], CPU);
        var logits = tensor(new float[] { 3, 4, 3, 4, 3, 4, 0, 1, 0, 1, 0, 1 }, [6, 2]);

        var combined = rows.Combine(logits, position);

        Assert.Equal(expected, combined.data<float>().ToArray());
    }
}
