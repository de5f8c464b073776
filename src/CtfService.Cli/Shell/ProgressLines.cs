using CtfService.Training.Progress;

namespace CtfService.Cli.Shell;

/// <summary>Writes the first report, the last one, every evaluation, and in between one report per <see cref="ConsoleProgress.LineInterval"/>.</summary>
internal sealed class ProgressLines(TextWriter output, string title, TimeProvider time) : ITrainingProgress
{
    private long? _lastLine;

    public void Report(TrainingReport report)
    {
        var isEvaluation = report.ImagesPerSecond is null && report.Losses.Count > 0;
        if (!isEvaluation && _lastLine is { } last && time.GetElapsedTime(last) < ConsoleProgress.LineInterval && report.Step < report.TotalSteps)
        {
            return;
        }

        _lastLine = time.GetTimestamp();
        output.WriteLine(ConsoleProgress.Describe(title, report));
    }

    public void Note(string text) => output.WriteLine(text);
}
