namespace CtfService.Training.Progress;

/// <summary>Is told how long work gets on. Called on the thread that does the work.</summary>
public interface ITrainingProgress
{
    void Report(TrainingReport report);

    /// <summary>One sentence worth a line of its own, such as what a run starts from.</summary>
    void Note(string text)
    {
    }
}

/// <summary>The state of a training run after some step.</summary>
/// <param name="Step">Steps finished, 1..<paramref name="TotalSteps"/>.</param>
/// <param name="Losses">By name, in the order to show them.</param>
/// <param name="ImagesPerSecond">Over the last ten seconds or more; null for an evaluation between two steps, or before there is a speed.</param>
/// <param name="Elapsed">Since the run started or was resumed, evaluations left out.</param>
/// <param name="TimeLeft">At the speed of this run so far.</param>
public sealed record TrainingReport(
    long Step,
    long TotalSteps,
    IReadOnlyDictionary<string, double> Losses,
    double? ImagesPerSecond,
    TimeSpan Elapsed,
    TimeSpan TimeLeft);

/// <summary>For runs that are not watched.</summary>
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

    public void Note(string text)
    {
        foreach (var listener in listeners)
        {
            listener.Note(text);
        }
    }
}
