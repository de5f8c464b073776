using System.Globalization;
using CtfService.Model.Cpu.Passes;
using CtfService.Model.Transformer;
using Spectre.Console;

namespace CtfService.Cli.Commands.Bench;

/// <summary>What <c>ctf bench decode</c> found.</summary>
/// <param name="Model">Preset or bundle.</param>
/// <param name="Parameters">Weights that a step multiplies with.</param>
internal sealed record DecodeReport(string Model, int Vocabulary, int Threads, int VectorBits, long Parameters, IReadOnlyList<DecodeLine> Lines)
{
    public Table ToTable()
    {
        var table = new Table().Title($"{Model}, vocabulary {Vocabulary}, {Threads} threads, vectors of {VectorBits} bits; medians of {DecodeBenchmark.Runs} runs");
        table.AddColumns("engine", "batch", "tokens/s (best)", "ms/step", "GB/s", "of read limit", "GFLOP/s", "of multiply limit", "x torch");
        foreach (var line in Lines)
        {
            table.AddRow(
                $"{line.Backend} {line.Dtype}",
                Text($"{line.Batch}"),
                Text($"{line.TokensPerSecond:0} ({line.BestTokensPerSecond:0})"),
                Text($"{line.MillisecondsPerStep:0.00}"),
                Text($"{line.GigabytesPerSecond:0.0}"),
                Text($"{line.OfReadLimit:0%} of {line.ReadLimitGigabytesPerSecond:0.0}"),
                Text($"{line.GigaflopsPerSecond:0}"),
                Text($"{line.OfMultiplyLimit:0%} of {line.MultiplyLimitGigaflopsPerSecond:0}"),
                line.TimesTorch is { } times ? Text($"{times:0.0}") : "");
        }

        return table;
    }

    public Table ToPartsTable()
    {
        var parts = Enum.GetValues<StepPart>();
        var table = new Table().Title("Share of the time by part");
        table.AddColumns(["engine", "batch", .. parts.Select(part => part.ToString())]);
        foreach (var line in Lines.Where(line => line.Parts.Count > 0))
        {
            table.AddRow([$"{line.Backend} {line.Dtype}", Text($"{line.Batch}"), .. parts.Select(part => Text($"{line.Parts[part]:0.0%}"))]);
        }

        return table;
    }

    private static string Text(FormattableString value) => value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>One engine at one batch size; medians over the runs, each fraction taken inside its own run.</summary>
/// <param name="BestTokensPerSecond">Of the fastest run: what a quiet machine would give.</param>
/// <param name="TimesTorch">Tokens per second over those of libtorch's float32 loop in the same report; null where it was not measured.</param>
/// <param name="Parts">Share of each part of a step.</param>
internal sealed record DecodeLine(
    string Backend,
    string Dtype,
    int Batch,
    double TokensPerSecond,
    double BestTokensPerSecond,
    double MillisecondsPerStep,
    double GigabytesPerSecond,
    double ReadLimitGigabytesPerSecond,
    double OfReadLimit,
    double GigaflopsPerSecond,
    double MultiplyLimitGigaflopsPerSecond,
    double OfMultiplyLimit,
    double? TimesTorch,
    IReadOnlyDictionary<StepPart, double> Parts)
{
    /// <param name="stepBytes">Bytes of weights and cache that a step reads.</param>
    /// <param name="parameters">Weights that a step multiplies with.</param>
    public static DecodeLine Of(string backend, string dtype, DecodeTiming timing, long stepBytes, long parameters, TransformerConfig config)
    {
        // Attention of a row at the middle of the sequence: T / 2 scores and as many weighted values, D products each, in every layer.
        var operations = 2.0 * timing.Batch * (parameters + ((double)config.Layers * config.Width * config.Positions));
        var total = timing.Parts.Values.Sum(part => part.TotalSeconds);
        return new DecodeLine(
            backend,
            dtype,
            timing.Batch,
            Median(run => timing.Batch / run.Step.TotalSeconds),
            timing.Runs.Max(run => timing.Batch / run.Step.TotalSeconds),
            Median(run => run.Step.TotalMilliseconds),
            Median(run => stepBytes / run.Step.TotalSeconds / 1e9),
            Median(run => run.Limits.ReadBytesPerSecond / 1e9),
            Median(run => stepBytes / run.Step.TotalSeconds / run.Limits.ReadBytesPerSecond),
            Median(run => operations / run.Step.TotalSeconds / 1e9),
            Median(run => run.Limits.FloatOperationsPerSecond / 1e9),
            Median(run => operations / run.Step.TotalSeconds / run.Limits.FloatOperationsPerSecond),
            null,
            timing.Parts.ToDictionary(part => part.Key, part => part.Value.TotalSeconds / total));

        double Median(Func<DecodeRun, double> figure) => timing.Runs.Select(figure).Order().ElementAt(timing.Runs.Count / 2);
    }
}
