using System.Globalization;
using CtfService.Model.TestSupport;
using Xunit.Abstractions;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Golden;

/// <summary>The transformer and its decoding against every number of the reference's gpt-*.golden.safetensors.</summary>
public sealed class TransformerGoldenTests(GoldenRuns<TransformerRun> runs, ITestOutputHelper output) : IClassFixture<GoldenRuns<TransformerRun>>
{
    private const double Tolerance = 2e-5;

    private static readonly GoldenTable<TransformerRun> Table = new GoldenTable<TransformerRun>()
        .Input("class_ids|token_ids|greedy_class_ids")
        .Close("rope_table", Tolerance, (run, _) => run.Rope())
        .Close("full_logits", Tolerance, (run, _) => run.FullLogits)
        .Close("embed_out", Tolerance, (run, _) => run.Input("layers.0"))
        .Close(@"block(\d+)_attn_out", Tolerance, (run, golden) => run.Output($"layers.{golden.Parts[0]}.attention"))
        .Close(@"block(\d+)_out", Tolerance, (run, golden) => run.Output($"layers.{golden.Parts[0]}"))
        .Close("final_norm_out", Tolerance, (run, _) => run.Output("norm"))
        .Close("step_logits", Tolerance, (run, _) => run.StepLogits)
        .Close("cfg_cond_logits", Tolerance, (run, _) => run.ConditionalLogits)
        .Close("cfg_uncond_logits", Tolerance, (run, _) => run.UnconditionalLogits)
        .Close(@"cfg_logits_s([\d.]+)", Tolerance, (run, golden) => run.GuidedLogits(golden.Number))
        .Exact(@"greedy_cfg([\d.]+)", (run, golden) => run.Greedy(golden.Number))
        .Exact(@"greedy_cfg([\d.]+)_interval(-?\d+)", (run, golden) => run.Greedy(golden.Number, int.Parse(golden.Parts[1], CultureInfo.InvariantCulture)));

    public static TheoryData<string> Names => [.. GoldenModels.TransformerNames];

    public static TheoryData<string, string> Rows => Table.Cases(GoldenModels.TransformerNames, name => GoldenModels.PathOf(name, "golden"));

    [Theory]
    [MemberData(nameof(Rows))]
    public void Transformer_GoldenRow_EqualsTheReference(string model, string row)
    {
        using var frozen = no_grad();
        var run = runs.Of(model);

        Table.Check(row, run, run.Golden, output.WriteLine);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void GoldenFile_EveryTensor_HasOneRow(string model)
    {
        using var file = GoldenModels.Values(model);

        Assert.Empty(Table.TensorsWithoutOneRow(file));
    }
}
