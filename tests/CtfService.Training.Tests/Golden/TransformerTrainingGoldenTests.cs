using CtfService.Model.TestSupport;
using Xunit.Abstractions;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Golden;

/// <summary>Compares loss, gradients, AdamW, clipping and moving average with all numbers of the reference's gpt-*.train.safetensors.</summary>
public sealed class TransformerTrainingGoldenTests(GoldenRuns<TransformerTrainingRun> runs, ITestOutputHelper output)
    : IClassFixture<GoldenRuns<TransformerTrainingRun>>
{
    private const double LogitsTolerance = 2e-5;
    private const double LossTolerance = 3e-4;
    private const double TotalNormTolerance = 1e-3;
    private const double WeightNormTolerance = 5e-5;
    private const double WeightTolerance = 1e-4;

    private static readonly GoldenTable<TransformerTrainingRun> Table = new GoldenTable<TransformerTrainingRun>()
        .Input("train_tokens|train_classes")
        .Close("train_logits0", LogitsTolerance, (run, _) => run.FirstLogits)
        .CloseEach("losses", LossTolerance, (run, _) => tensor(run.Losses.ToArray()))
        .CloseEach("grad_norms", TotalNormTolerance, (run, _) => tensor(run.GradientNormsBeforeClipping.ToArray()))
        .CloseEach("loss_after", LossTolerance, (run, _) => tensor(new[] { run.LossAfter }))
        .GradientNorm("grad0_norm/(.+)", (run, golden) => run.FirstGradientNorm(golden.Parts[0]))
        .CloseEach(@"after\d+_norm/(.+)", WeightNormTolerance, (run, golden) => run.Weight(golden.Parts[0]).norm().reshape(1))
        .CloseEach(@"ema\d+_norm/(.+)", WeightNormTolerance, (run, golden) => run.Average(golden.Parts[0]).norm().reshape(1))
        .CloseAbsolute(@"after\d+/(.+?)(?:\.row(\d+))?", WeightTolerance, (run, golden) => Part(run.Weight(golden.Parts[0]), golden))
        .CloseAbsolute(@"ema\d+/(.+?)(?:\.row(\d+))?", WeightTolerance, (run, golden) => Part(run.Average(golden.Parts[0]), golden));

    public static TheoryData<string> Names => [.. GoldenModels.TransformerNames.Where(name => File.Exists(GoldenModels.PathOf(name, "train")))];

    public static TheoryData<string, string> Rows => Table.Cases(GoldenModels.TransformerNames, name => GoldenModels.PathOf(name, "train"));

    [Theory]
    [MemberData(nameof(Rows))]
    public void Training_GoldenRow_EqualsTheReference(string model, string row)
    {
        var run = runs.Of(model);

        Table.Check(row, run, run.Golden, output.WriteLine);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void GoldenFile_EveryTensor_HasOneRow(string model)
    {
        using var file = GoldenModels.Values(model, "train");

        Assert.Empty(Table.TensorsWithoutOneRow(file));
    }

    /// <summary>Returns the whole weight, or the row that is the suffix of the tensor's name.</summary>
    private static Tensor Part(Tensor weight, GoldenTensor golden) =>
        golden.Parts[1].Length == 0 ? weight : weight[int.Parse(golden.Parts[1], System.Globalization.CultureInfo.InvariantCulture)];
}
