using CtfService.Core.Generation;
using CtfService.Model.Sampling;
using CtfService.Model.Tests.Support;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Sampling;

public sealed class GuidanceTests
{
    public static TheoryData<string> Names => GoldenModels.TransformerNames;

    [Theory]
    [MemberData(nameof(Names))]
    public void Combine_GoldenLogits_GivesReferenceGuidedLogits(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = GoldenModels.Values(name);
        var conditional = golden.Read("cfg_cond_logits");
        var unconditional = golden.Read("cfg_uncond_logits");

        TensorAssert.Close(golden.Read("cfg_logits_s1.5"), Guidance.Combine(conditional, unconditional, tensor(1.5f)), 2e-5, "cfg_logits_s1.5");
        TensorAssert.Close(golden.Read("cfg_logits_s4.0"), Guidance.Combine(conditional, unconditional, tensor(4f)), 2e-5, "cfg_logits_s4.0");
        TensorAssert.Close(conditional, Guidance.Combine(conditional, unconditional, tensor(1f)), 1e-6, "scale 1");
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
}
