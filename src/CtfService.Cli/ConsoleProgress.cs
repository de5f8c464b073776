using System.Globalization;
using CtfService.Training.Progress;
using Spectre.Console;

namespace CtfService.Cli;

/// <summary>Shows a training run: a moving bar on a terminal, a plain line now and then where the output goes to a file.</summary>
internal static class ConsoleProgress
{
    /// <summary>From one line to the next where there is no terminal.</summary>
    public static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(10);

    /// <summary>Whether there is a terminal to move a bar on.</summary>
    public static bool IsMoving(Terminal terminal) => terminal.Display.Profile.Capabilities.Interactive && terminal.Display.Profile.Out.IsTerminal;

    /// <summary>Runs <paramref name="train"/> on this thread while its progress is shown.</summary>
    public static T Run<T>(Terminal terminal, string title, Func<ITrainingProgress, T> train)
    {
        if (!IsMoving(terminal))
        {
            return train(new ProgressLines(terminal.Error, title, TimeProvider.System));
        }

        return terminal.Display.Progress()
            .AutoClear(false)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
            .Start(context => train(new ProgressBar(context.AddTask(title), title)));
    }

    /// <summary>One line of text: step, losses, speed, time left.</summary>
    internal static string Describe(string title, TrainingReport report)
    {
        var losses = string.Concat(report.Losses.Select(loss => $" {loss.Key} {loss.Value.ToString("0.####", CultureInfo.InvariantCulture)},"));
        var hours = report.TimeLeft.TotalHours >= 1 ? $"{(long)report.TimeLeft.TotalHours}:" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{title} {report.Step}/{report.TotalSteps}:{losses} {report.ImagesPerSecond:0.0} images/s, {hours}{report.TimeLeft:mm\\:ss} left");
    }

    private sealed class ProgressBar(ProgressTask bar, string title) : ITrainingProgress
    {
        public void Report(TrainingReport report)
        {
            bar.MaxValue = report.TotalSteps;
            bar.Value = report.Step;
            bar.Description = Markup.Escape(Describe(title, report));
        }
    }
}

/// <summary>Writes the first report, the last, and one per <see cref="ConsoleProgress.LineInterval"/> between them.</summary>
internal sealed class ProgressLines(TextWriter output, string title, TimeProvider time) : ITrainingProgress
{
    private long? _lastLine;

    public void Report(TrainingReport report)
    {
        if (_lastLine is { } last && time.GetElapsedTime(last) < ConsoleProgress.LineInterval && report.Step < report.TotalSteps)
        {
            return;
        }

        _lastLine = time.GetTimestamp();
        output.WriteLine(ConsoleProgress.Describe(title, report));
    }
}
