using CtfService.Cli.Reports;
using Spectre.Console;
using static TorchSharp.torch;

namespace CtfService.Cli.Commands.Bench;

/// <summary>What <c>ctf bench training</c> measures.</summary>
/// <param name="Sizes">Published sizes, or <see cref="Tiny"/>.</param>
/// <param name="BatchSize">Images of a step.</param>
/// <param name="MemoryBytes">Memory that a step may need, by its plan; batches are trained in parts that fit.</param>
/// <param name="CompareSteps">Steps of the comparison with the CPU; 0 for none.</param>
/// <param name="Minutes">Minutes of the long run of the last size; 0 for none.</param>
internal sealed record TrainingBenchmarkOptions(
    Device Device, bool UseBfloat16, IReadOnlyList<string> Sizes, int BatchSize, int Steps, long MemoryBytes, int CompareSteps, double Minutes)
{
    /// <summary>A size that a CPU trains in seconds.</summary>
    public const string Tiny = "tiny";
}

/// <summary>What was measured.</summary>
/// <param name="Comparison">Null if it was not asked for.</param>
/// <param name="Soak">Null if it was not asked for.</param>
internal sealed record TrainingBenchmarkReport(
    string Device, string Dtype, int BatchSize, LossComparison? Comparison, IReadOnlyList<SizeFigures> Sizes, SoakFigures? Soak)
{
    public bool IsRight => Comparison is not { IsRight: false } && Soak is not { IsRight: false };

    public IEnumerable<Table> Tables()
    {
        if (Comparison is { } losses)
        {
            yield return Rows(
                $"Losses of {losses.Steps} steps in float32, CPU and {Device}",
                ("first", ReportText.Number(losses.First)),
                ("last, CPU", ReportText.Number(losses.LastOnCpu)),
                ($"last, {Device}", ReportText.Number(losses.Last)),
                ("largest difference", $"{losses.LargestDifference:P3}, {(losses.IsRight ? "right" : "WRONG")}"));
        }

        var table = new Table { Title = new TableTitle($"Training on {Device} in {Dtype}, batches of {BatchSize}") };
        table.AddColumns("size", "parts", "images/s", "TFLOP/s", "of the peak", "planned memory", "measured memory");
        foreach (var size in Sizes)
        {
            table.AddRow(
                size.Name,
                $"{size.Parts}",
                ReportText.Number(size.ImagesPerSecond),
                ReportText.Number(size.Teraflops),
                size.Utilisation is { } share ? $"{share:P0}" : "unknown",
                ReportText.Size(size.PlannedBytes),
                ReportText.Size(size.MeasuredBytes));
        }

        yield return table;
        if (Soak is { } soak)
        {
            yield return Rows(
                $"Size {soak.Name} for {ReportText.Number(soak.Minutes)} minutes, {ReportText.Number(soak.Steps)} steps",
                ("memory after a tenth", ReportText.Size(soak.EarlyBytes)),
                ("memory at the end", $"{ReportText.Size(soak.LastBytes)}, {(soak.IsRight ? "right" : "WRONG: it grows")}"));
        }
    }

    private static Table Rows(string title, params IReadOnlyList<(string Name, string Value)> rows)
    {
        var table = new Table { Title = new TableTitle(title) }.AddColumns("part", "value").HideHeaders();
        foreach (var (name, value) in rows)
        {
            table.AddRow(name, value);
        }

        return table;
    }
}

/// <summary>Loss curves on the CPU and on the device.</summary>
/// <param name="LargestDifference">Of two losses of a step, relative to that of the CPU.</param>
internal sealed record LossComparison(int Steps, double First, double LastOnCpu, double Last, double LargestDifference, bool IsRight);

/// <summary>Speed and memory of a size.</summary>
/// <param name="Parts">Parts of a batch that are trained one after another.</param>
/// <param name="Utilisation">Share of the device's peak; null if the peak is unknown.</param>
/// <param name="MeasuredBytes">On the CPU, the working set; on CUDA, all used memory of the device.</param>
internal sealed record SizeFigures(
    string Name, int Parts, double ImagesPerSecond, double Teraflops, double? Utilisation, long PlannedBytes, long MeasuredBytes);

/// <summary>Memory in a long run.</summary>
internal sealed record SoakFigures(string Name, double Minutes, long Steps, long EarlyBytes, long LastBytes, bool IsRight);
