using System.Collections.ObjectModel;

namespace CtfService.Training.Progress;

/// <summary>Receives the progress of long-running work. Called on the thread that does the work.</summary>
public interface ITrainingProgress
{
    void Report(TrainingReport report);

    /// <summary>Reports one sentence that deserves its own line, such as what a run starts from.</summary>
    void Note(string text)
    {
    }
}

/// <summary>The state of a run after a step.</summary>
/// <param name="Step">Finished steps, 1..<paramref name="TotalSteps"/>.</param>
/// <param name="Losses">Losses by name, in display order.</param>
/// <param name="ImagesPerSecond">Speed over at least the last ten seconds; null for an evaluation between two steps, or if there is no speed yet.</param>
/// <param name="Elapsed">Time since the run started or was resumed, without evaluations.</param>
/// <param name="TimeLeft">Remaining time at the average speed of this run.</param>
public sealed record TrainingReport(
    long Step,
    long TotalSteps,
    IReadOnlyDictionary<string, double> Losses,
    double? ImagesPerSecond,
    TimeSpan Elapsed,
    TimeSpan TimeLeft)
{
    /// <summary>Name of the norm of the gradient before clipping, in <see cref="Details"/>.</summary>
    public const string GradientNorm = "gradient_norm";

    /// <summary>Name of the learning rate of the step.</summary>
    public const string LearningRate = "learning_rate";

    /// <summary>Name of the speed in tokens.</summary>
    public const string TokensPerSecond = "tokens_per_second";

    /// <summary>Name of the speed in floating-point operations of the model, 10^12 a second.</summary>
    public const string Teraflops = "teraflops_per_second";

    /// <summary>Name of the share of the device's peak that the model's operations reach, 0 to 1.</summary>
    public const string FlopUtilisation = "flop_utilisation";

    /// <summary>Further figures of a step by name, for files of metrics; empty for an evaluation.</summary>
    public IReadOnlyDictionary<string, double> Details { get; init; } = ReadOnlyDictionary<string, double>.Empty;
}

/// <summary>Ignores all reports.</summary>
public sealed class NoProgress : ITrainingProgress
{
    public static NoProgress Instance { get; } = new();

    public void Report(TrainingReport report)
    {
    }
}

/// <summary>Forwards each report to several listeners, such as the terminal and a <see cref="MetricsFile"/>.</summary>
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
