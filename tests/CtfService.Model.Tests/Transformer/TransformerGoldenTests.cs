using CtfService.Model.Tests.Support;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Transformer;

/// <summary>The transformer against the reference's numbers; tolerances from the golden README.</summary>
public sealed class TransformerGoldenTests
{
    private const double Tolerance = 2e-5;

    public static TheoryData<string> Names => GoldenModels.TransformerNames;

    [Theory]
    [MemberData(nameof(Names))]
    public void Forward_GoldenLabels_GivesReferenceLogits(string name)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var golden = GoldenModels.Values(name);
        using var transformer = GoldenModels.Transformer(name);

        var logits = transformer.call(golden.Read("class_ids"), golden.Read("token_ids"));

        TensorAssert.Close(golden.Read("full_logits"), logits, Tolerance, "full_logits");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void DecodeStep_GoldenLabels_GivesReferenceLogitsStepByStep(string name)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var golden = GoldenModels.Values(name);
        using var transformer = GoldenModels.Transformer(name);
        var classIds = golden.Read("class_ids");
        var tokens = golden.Read("token_ids");
        var nullIds = full_like(classIds, transformer.Config.NullClass);

        var conditional = StepThrough(transformer, classIds, tokens);
        var unconditional = StepThrough(transformer, nullIds, tokens);

        TensorAssert.Close(golden.Read("step_logits"), conditional, Tolerance, "step_logits");
        TensorAssert.Close(golden.Read("cfg_uncond_logits"), unconditional, Tolerance, "cfg_uncond_logits");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void RopeTable_GoldenConfig_GivesReferenceAngles(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = GoldenModels.Values(name);
        var config = GoldenModels.TransformerConfigOf(name);
        using var table = new RopeTable(config, CPU);

        var slice = table.Slice(0, 1 + config.Positions);

        TensorAssert.Close(golden.Read("rope_table"), stack([slice.Cosine.squeeze(1), slice.Sine.squeeze(1)], dim: -1), Tolerance, "rope_table");
    }

    private static Tensor StepThrough(ClassConditionalTransformer transformer, Tensor classIds, Tensor tokens)
    {
        using var cache = new KvCache(transformer.Config, classIds.shape[0], float32, CPU);
        var logits = new List<Tensor> { transformer.Prefill(classIds, cache) };
        for (var cell = 0; cell + 1 < transformer.Config.Positions; cell++)
        {
            logits.Add(transformer.DecodeStep(tokens.select(1, cell), cell, cache));
        }

        return stack(logits, dim: 1);
    }
}
