using CtfService.EngineBenchmarks;

namespace CtfService.Cli.Commands.Bench;

/// <summary>Medians over the runs; a ratio is computed for each run first.</summary>
internal sealed record ServingReport(
    double Load,
    double OfflineImagesPerSecond,
    double SaturatedImagesPerSecond,
    Latency Static,
    Latency Continuous,
    double MeanRatio,
    double P95Ratio,
    double SaturationRatio)
{
    public static ServingReport Of(IReadOnlyList<ServingRun> runs, double load)
    {
        double Median(Func<ServingRun, double> figure) => Medians.Of(runs, figure);
        return new ServingReport(
            load,
            Median(run => run.OfflineImagesPerSecond),
            Median(run => run.SaturatedImagesPerSecond),
            Latency.MedianOf(runs, run => run.Static),
            Latency.MedianOf(runs, run => run.Continuous),
            Median(run => run.Continuous.MeanMilliseconds / run.Static.MeanMilliseconds),
            Median(run => run.Continuous.P95Milliseconds / run.Static.P95Milliseconds),
            Median(run => run.SaturatedImagesPerSecond / run.OfflineImagesPerSecond));
    }
}
