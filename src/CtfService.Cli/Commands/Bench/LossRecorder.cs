using CtfService.Training.Progress;

namespace CtfService.Cli.Commands.Bench;

/// <summary>Keeps the losses and the last speed of a training.</summary>
internal sealed class LossRecorder : ITrainingProgress
{
    private readonly List<double> _losses = [];
    private (long Step, TimeSpan Time)? _first;

    /// <summary>Images of a step.</summary>
    public required int BatchSize { get; init; }

    /// <summary>The reported losses, in order.</summary>
    public IReadOnlyList<double> Losses => _losses;

    /// <summary>Speed since the first report, which includes the start; 0 before the second.</summary>
    public double ImagesPerSecond { get; private set; }

    public void Report(TrainingReport report)
    {
        if (report.ImagesPerSecond is null && _first is not null)
        {
            return; // an evaluation
        }

        if (report.Losses.TryGetValue("loss", out var loss))
        {
            _losses.Add(loss);
        }

        if (_first is { } first && report.Elapsed > first.Time)
        {
            ImagesPerSecond = (report.Step - first.Step) * BatchSize / (report.Elapsed - first.Time).TotalSeconds;
        }

        _first ??= (report.Step, report.Elapsed);
    }
}
