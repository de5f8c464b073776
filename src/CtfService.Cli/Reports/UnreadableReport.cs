using CtfService.Cli.Shell;
using CtfService.Training.Data;

namespace CtfService.Cli.Reports;

/// <summary>Reports, when the work ends in any way, the images of large sets that could not be read during it.</summary>
internal sealed class UnreadableReport(Terminal terminal, params ITrainingImages?[] sets) : IDisposable
{
    public void Dispose()
    {
        foreach (var unreadable in sets.Select(set => set?.Unreadable ?? []).Where(unreadable => unreadable.Count > 0))
        {
            terminal.Error.WriteLine("Images that could not be read during the work; other images took their places.");
            SkippedImages.Report(terminal, unreadable);
        }
    }
}
