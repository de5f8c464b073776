using CtfService.EngineBenchmarks;

namespace CtfService.Cli.Commands.Bench;

/// <summary>Medians over the runs; a ratio is computed for each run first.</summary>
internal sealed record BulkReport(
    double Load,
    int Runs,
    double OneByOneImagesPerSecond,
    Latency InteractiveAlone,
    Latency InteractiveBesideBulk,
    double MeanRatio,
    double MedianRatio,
    double P95Ratio,
    double BulkAloneImagesPerSecond,
    double BulkBesideImagesPerSecond,
    double BulkShare)
{
    public static BulkReport Of(IReadOnlyList<BulkRun> runs, double load)
    {
        double Median(Func<BulkRun, double> figure) => Medians.Of(runs, figure);
        return new BulkReport(
            load,
            runs.Count,
            Median(run => run.OneByOneImagesPerSecond),
            Latency.MedianOf(runs, run => run.InteractiveAlone),
            Latency.MedianOf(runs, run => run.InteractiveBesideBulk),
            Median(run => run.MeanRatio),
            Median(run => run.MedianRatio),
            Median(run => run.P95Ratio),
            Median(run => run.BulkAloneImagesPerSecond),
            Median(run => run.BulkBesideImagesPerSecond),
            Median(run => run.BulkShare));
    }
}
