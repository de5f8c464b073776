using System.Globalization;
using CtfService.EngineBenchmarks;
using Spectre.Console;

namespace CtfService.Cli.Commands.Bench;

/// <summary>The report of <c>ctf bench decode</c> as tables.</summary>
internal static class DecodeTables
{
    public static IEnumerable<Table> Of(DecodeReport report) => [Speed(report), Parts(report)];

    private static Table Speed(DecodeReport report)
    {
        var table = new Table().Title(
            $"{report.Model}, vocabulary {report.Vocabulary}, {report.Threads} threads, vectors of {report.VectorBits} bits, "
            + $"windows of {report.Lines[0].Window}; "
            + $"medians of {DecodeBenchmark.Runs} runs");
        table.AddColumns(
            "engine", "batch", "tokens/s (best)", "ms/step", "GB/s", "of read limit", "GFLOP/s", "of multiply limit", "x torch", "labels/step", "steps/image");
        foreach (var line in report.Lines)
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
                line.TimesTorch is { } times ? Text($"{times:0.0}") : "",
                Text($"{line.LabelsPerStep:0.00}"),
                Text($"{line.StepsPerImage:0.0}"));
        }

        return table;
    }

    private static Table Parts(DecodeReport report)
    {
        var table = new Table().Title("Share of the time by part");
        table.AddColumns(["engine", "batch", .. DecodeBenchmark.Parts]);
        foreach (var line in report.Lines.Where(line => line.Parts.Count > 0))
        {
            table.AddRow([$"{line.Backend} {line.Dtype}", Text($"{line.Batch}"), .. DecodeBenchmark.Parts.Select(part => Text($"{line.Parts[part]:0.0%}"))]);
        }

        return table;
    }

    private static string Text(FormattableString value) => value.ToString(CultureInfo.InvariantCulture);
}
