using System.Globalization;
using CtfService.Training.Progress;
using Spectre.Console;

namespace CtfService.Cli.Shell;

/// <summary>Shows the progress of long work: a bar on a terminal, a line at intervals if the output goes to a file.</summary>
internal static class ConsoleProgress
{
    /// <summary>Time between two lines if there is no terminal.</summary>
    public static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(10);

    private const int BarWidth = 16;

    /// <summary>Columns of the bar, the percentage and the gaps.</summary>
    private const int WidthBesideText = BarWidth + 8;

    /// <summary>Returns true if a bar can be drawn and redrawn.</summary>
    public static bool IsInteractive(Terminal terminal) => terminal.Display.Profile.Capabilities.Interactive && terminal.Display.Profile.Out.IsTerminal;

    /// <summary>Runs <paramref name="work"/> on this thread and shows its progress.</summary>
    public static T Run<T>(Terminal terminal, string title, Func<ITrainingProgress, T> work)
    {
        if (!IsInteractive(terminal))
        {
            return work(new ProgressLines(terminal.Error, title, TimeProvider.System));
        }

        return terminal.Display.Progress()
            .AutoClear(false)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = BarWidth }, new PercentageColumn())
            .Start(context => work(new ProgressBar(context.AddTask(title), title, terminal.Display)));
    }

    /// <inheritdoc cref="Run{T}(Terminal, string, Func{ITrainingProgress, T})"/>
    public static void Run(Terminal terminal, string title, Action<ITrainingProgress> work) => Run(terminal, title, progress =>
    {
        work(progress);
        return true;
    });

    /// <summary>Runs <paramref name="work"/>, which reports no steps, on this thread and shows its title.</summary>
    public static T Run<T>(Terminal terminal, string title, Func<T> work)
    {
        if (IsInteractive(terminal))
        {
            return terminal.Display.Status().Start(Markup.Escape(title), _ => work());
        }

        terminal.Error.WriteLine($"{title} ...");
        return work();
    }

    /// <summary>Returns one line of text: step, losses, speed, time left. An evaluation has no speed.</summary>
    internal static string Describe(string title, TrainingReport report) => Describe(title, report, report.Losses.Count);

    /// <summary>Returns the line with the first losses that fit the width.</summary>
    internal static string Describe(string title, TrainingReport report, int losses, int width) =>
        Describe(title, report, losses) is var text && (text.Length <= width || losses == 0) ? text : Describe(title, report, losses - 1, width);

    private static string Describe(string title, TrainingReport report, int losses)
    {
        var figures = report.Losses.Take(losses).Select(loss => $"{loss.Key} {loss.Value.ToString("0.####", CultureInfo.InvariantCulture)}");
        var hours = report.TimeLeft.TotalHours >= 1 ? $"{(long)report.TimeLeft.TotalHours}:" : "";
        string[] speed = report.ImagesPerSecond is { } imagesPerSecond
            ? [
                string.Create(CultureInfo.InvariantCulture, $"{imagesPerSecond:0.0} images/s"),
                $"{hours}{report.TimeLeft.ToString("mm\\:ss", CultureInfo.InvariantCulture)} left",
            ]
            : [];
        return string.Create(CultureInfo.InvariantCulture, $"{title} {report.Step}/{report.TotalSteps}: {string.Join(", ", figures.Concat(speed))}");
    }

    private sealed class ProgressBar(ProgressTask bar, string title, IAnsiConsole display) : ITrainingProgress
    {
        public void Report(TrainingReport report)
        {
            bar.MaxValue = report.TotalSteps;
            bar.Value = report.Step;
            if (report.ImagesPerSecond is null && report.Losses.Count > 0)
            {
                Note(Describe(title, report)); // an evaluation stays on the screen above the bar
            }
            else
            {
                bar.Description = Markup.Escape(Describe(title, report, report.Losses.Count, display.Profile.Width - WidthBesideText));
            }
        }

        public void Note(string text) => display.WriteLine(text);
    }
}
