using CtfService.Training.Data;

namespace CtfService.Cli.Commands;

/// <summary>Says which files of a data set were left out.</summary>
internal static class SkippedImages
{
    private const int Shown = 10;

    public static void Report(ImageDataset dataset, Terminal terminal)
    {
        if (dataset.Skipped.Count == 0)
        {
            return;
        }

        terminal.Error.WriteLine($"Skipped {dataset.Skipped.Count} files that are not readable images:");
        foreach (var image in dataset.Skipped.Take(Shown))
        {
            terminal.Error.WriteLine($"  {image.Name}: {image.Reason}");
        }

        if (dataset.Skipped.Count > Shown)
        {
            terminal.Error.WriteLine($"  and {dataset.Skipped.Count - Shown} more");
        }
    }
}
