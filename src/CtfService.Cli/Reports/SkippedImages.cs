using CtfService.Cli.Shell;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;

namespace CtfService.Cli.Reports;

/// <summary>Reports the files of a data set that were skipped and the classes that are missing, before the work begins.</summary>
internal static class SkippedImages
{
    /// <returns>The data set.</returns>
    public static ITrainingImages ReportSkipped(this ITrainingImages images, Terminal terminal)
    {
        if (images is ImageDataset dataset)
        {
            return dataset.ReportSkipped(terminal);
        }

        Report(terminal, images.Skipped);
        return images;
    }

    /// <returns>The data set.</returns>
    public static ImageDataset ReportSkipped(this ImageDataset dataset, Terminal terminal)
    {
        Report(terminal, dataset.Skipped, Of(dataset));
        if (dataset.UnknownClasses.Count > 0)
        {
            string[] classes = [.. dataset.UnknownClasses.Select(unknown => $"{unknown.Name} ({Count(unknown.Images, "image", "images")})")];
            var count = Count(classes.Length, "class", "classes");
            terminal.Error.WriteLine($"Left out {count}{Of(dataset)}, which {ImageDatasetReader.TrainSplit}/ does not have: {NameList.Of(classes)}.");
        }

        ReportMissing(terminal, dataset.ClassNames, dataset.ClassIds, Of(dataset));
        return dataset;
    }

    /// <summary>Reports the classes without an image.</summary>
    /// <param name="classIds">Class of each image.</param>
    /// <param name="place">Where they are, such as <c> in test/</c>.</param>
    public static void ReportMissing(Terminal terminal, IReadOnlyList<string> classNames, IEnumerable<int> classIds, string place)
    {
        var present = classIds.ToHashSet();
        if (classNames.Where((_, id) => !present.Contains(id)).ToList() is { Count: > 0 } missing)
        {
            terminal.Error.WriteLine($"No images{place} for {missing.Count} of the {classNames.Count} classes: {NameList.Of(missing)}.");
        }
    }

    /// <param name="place">Where they are, such as <c> in test/</c>.</param>
    public static void Report(Terminal terminal, IReadOnlyList<SkippedFiles> skipped, string place = "")
    {
        if (skipped.Count > 0)
        {
            terminal.Error.WriteLine($"Skipped {Count(skipped.Sum(files => files.Count), "file or folder", "files or folders")}{place}:");
        }

        foreach (var files in skipped)
        {
            terminal.Error.WriteLine($"  {files}");
        }
    }

    private static string Count(int count, string one, string several) => FormattableString.Invariant($"{count:N0} {(count == 1 ? one : several)}");

    private static string Of(ImageDataset dataset) => dataset.Split is { } split ? $" in {split}/" : "";
}
