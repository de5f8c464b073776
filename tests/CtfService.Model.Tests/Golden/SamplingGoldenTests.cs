using CtfService.Model.Sampling;
using CtfService.Model.TestSupport;
using Xunit.Abstractions;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Golden;

/// <summary>Temperature, top-k and top-p against every case of the reference's sampling.safetensors.</summary>
public sealed class SamplingGoldenTests(SamplingRun run, ITestOutputHelper output) : IClassFixture<SamplingRun>
{
    private const double LogitsTolerance = 2e-5;
    private const double ProbabilityTolerance = 1e-6;

    private static readonly GoldenTable<SamplingRun> Table = new GoldenTable<SamplingRun>()
        .Input(@"logits\w*")
        .Row(@"(\w+)\.filtered", (run, golden) => SameEntries(run, golden))
        .CloseAbsolute(@"(\w+)\.probs", ProbabilityTolerance, (run, golden) => run.Filtered(golden.Parts[0]).softmax(1))
        .Exact(@"(\w+)\.argmax", (run, golden) => run.Greedy(golden.Parts[0]));

    public static TheoryData<string, string> Rows => Table.Cases(["sampling"], _ => SamplingRun.Path);

    [Theory]
    [MemberData(nameof(Rows))]
    public void Sampling_GoldenRow_EqualsTheReference(string file, string row) =>
        Table.Check(row, run, run.Golden, line => output.WriteLine($"{file}: {line}"));

    [Fact]
    public void GoldenFile_EveryTensor_HasOneRow() => Assert.Empty(Table.TensorsWithoutOneRow(run.Golden));

    [Fact]
    public void Apply_RowsOfEveryCase_EachByItsOwnSettings()
    {
        using var scope = NewDisposeScope();
        var input = run.Input(run.Names().First());
        string[] names = [.. run.Names().Where(name => run.Input(name) == input)];
        var logits = run.Golden.Read(input)[0].expand(names.Length, -1);
        using var rows = new RowSampling([.. names.Select(run.Settings)], (int)logits.shape[1], CPU);

        var filtered = LogitsFilter.Apply(logits, rows);

        for (var row = 0; row < names.Length; row++)
        {
            TensorAssert.Close(run.Golden.Read($"{names[row]}.filtered")[0], filtered[row], LogitsTolerance, names[row]);
        }
    }

    /// <summary>Requires the same removed entries, the number of kept entries in the metadata, and close values.</summary>
    private static double SameEntries(SamplingRun run, GoldenTensor golden)
    {
        var filtered = run.Filtered(golden.Parts[0]);
        TensorAssert.Equal(run.KeptCounts(golden.Parts[0]), filtered.isfinite().sum(1), $"kept by {golden.Parts[0]}");
        return TensorAssert.Close(golden.Expected, filtered, LogitsTolerance, golden.Name);
    }
}
