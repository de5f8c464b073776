namespace CtfService.Training.Progress;

/// <summary>Is told how a training run gets on. Called on the trainer's thread.</summary>
public interface ITrainingProgress
{
    void Report(TrainingReport report);
}

/// <summary>The state of a training run after some step.</summary>
/// <param name="Step">Steps finished, 1..<paramref name="TotalSteps"/>.</param>
/// <param name="Losses">By name, in the order to show them.</param>
/// <param name="ImagesPerSecond">Since the last report.</param>
/// <param name="Elapsed">Since the run started or was resumed.</param>
/// <param name="TimeLeft">At the speed of this run so far.</param>
public sealed record TrainingReport(
    long Step,
    long TotalSteps,
    IReadOnlyDictionary<string, double> Losses,
    double ImagesPerSecond,
    TimeSpan Elapsed,
    TimeSpan TimeLeft);

/// <summary>For runs nobody watches.</summary>
public sealed class NoProgress : ITrainingProgress
{
    public static NoProgress Instance { get; } = new();

    public void Report(TrainingReport report)
    {
    }
}

/// <summary>Passes each report to several listeners, such as the terminal and a <see cref="MetricsFile"/>.</summary>
public sealed class CombinedProgress(params IReadOnlyList<ITrainingProgress> listeners) : ITrainingProgress
{
    public void Report(TrainingReport report)
    {
        foreach (var listener in listeners)
        {
            listener.Report(report);
        }
    }
}
