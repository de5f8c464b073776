using System.Text.RegularExpressions;
using CtfService.Training.Data.Files;

namespace CtfService.Training.Data.Formats;

/// <summary>Where a set of images is, and its format. docs/evaluation.md has the rules.</summary>
/// <param name="Path">Folder, or first file.</param>
/// <param name="Split">Split inside of <paramref name="Path"/>; null if the path is that of the split.</param>
/// <param name="Files">Files of the set in order; empty for a format of folders.</param>
internal sealed partial record DatasetLocation(DatasetFormat Format, string Path, string? Split, IReadOnlyList<string> Files)
{
    /// <summary>Folder that Hugging Face's tools put Parquet files in.</summary>
    private const string DataFolder = "data";

    /// <summary>Finds a set, or a split of it.</summary>
    /// <exception cref="DatasetException">The path does not exist, or it has no such split.</exception>
    public static DatasetLocation Find(string path, string? split)
    {
        var files = Exists(path) ? null : BracePattern.Expand(path);
        var location = files is not null ? OfFiles(path, files)
            : File.Exists(path) ? OfFile(path, split)
            : Directory.Exists(path) ? OfFolder(path, split)
            : throw new DatasetException(
                $"There is no data set at '{path}'. Specify a folder of class folders, a tar file of one, or a WebDataset, npz or Parquet files.");
        return split is null || location.Format == DatasetFormat.ClassFolders || location.Split == split
            ? location
            : throw new DatasetException(
                $"'{path}' is one set of images without splits; expected the split '{split}'. "
                + "Put each split into a folder 'train' or 'test' and specify the folder that holds both.");
    }

    /// <summary>Returns whether a data set has a split of this name.</summary>
    public static bool HasSplit(string path, string split) =>
        Directory.Exists(path) ? Directory.Exists(System.IO.Path.Combine(path, split)) || SplitFiles(path, split).Count > 0
        : File.Exists(path) && OfFile(path, split).Format == DatasetFormat.ClassFolders && HasFolder(path, split);

    private static bool Exists(string path) => File.Exists(path) || Directory.Exists(path);

    private static DatasetLocation OfFiles(string path, IReadOnlyList<string> files)
    {
        if (files.Where(file => !File.Exists(file)).ToList() is { Count: > 0 } missing)
        {
            throw new DatasetException($"'{path}' names {files.Count} files, of which {missing.Count} do not exist: {NameList.Of(missing)}.");
        }

        var format = DatasetFormats.OfContent(files[0]);
        return new DatasetLocation(format == DatasetFormat.ClassFolders ? DatasetFormat.WebDataset : format, files[0], null, files);
    }

    private static DatasetLocation OfFile(string path, string? split) =>
        DatasetFormats.OfContent(path) is var format && format == DatasetFormat.ClassFolders
            ? new DatasetLocation(format, path, split, [])
            : new DatasetLocation(format, path, null, [path]);

    private static DatasetLocation OfFolder(string path, string? split)
    {
        if (split is null)
        {
            return InFolder(path);
        }

        var folder = System.IO.Path.Combine(path, split);
        if (Directory.Exists(folder))
        {
            return InFolder(folder) is var inside && inside.Format == DatasetFormat.ClassFolders
                ? new DatasetLocation(DatasetFormat.ClassFolders, path, split, [])
                : inside with { Split = split };
        }

        return SplitFiles(path, split) is { Count: > 0 } files
            ? OfFiles(path, files) with { Split = split }
            : new DatasetLocation(DatasetFormat.ClassFolders, path, split, []); // whose reader says what is there instead
    }

    /// <summary>Finds the format of a folder without splits. Class folders take precedence over files beside them.</summary>
    private static DatasetLocation InFolder(string folder)
    {
        if (File.Exists(System.IO.Path.Combine(folder, MetadataFolderSource.FileName)) && MetadataFolderSource.HasLabels(folder))
        {
            return new DatasetLocation(DatasetFormat.MetadataFolder, folder, null, []);
        }

        var files = DataFiles(folder);
        var folders = Directory.EnumerateDirectories(folder).Select(System.IO.Path.GetFileName).Where(name => !SystemNames.Contains(name!)).ToList();
        if (files.Count == 0 && folders is [DataFolder])
        {
            files = DataFiles(System.IO.Path.Combine(folder, DataFolder));
        }
        else if (folders.Count > 0)
        {
            files = [];
        }

        if (files.Count == 0)
        {
            return new DatasetLocation(DatasetFormat.ClassFolders, folder, null, []);
        }

        var splits = files.Select(file => SplitName().Match(System.IO.Path.GetFileName(file)).Groups["split"].Value).ToHashSet(StringComparer.Ordinal);
        return splits.Count == 1
            ? OfFiles(folder, files)
            : throw new DatasetException(
                $"'{folder}' has files of several splits: {NameList.Of([.. splits.Select(name => name.Length == 0 ? "others" : name)])}. "
                + "Specify the files of one split, such as 'test-{00000..00003}.parquet'.");
    }

    /// <summary>Returns the files named after a split in a folder, such as <c>train.npz</c>, or <c>test-00000-of-00002.parquet</c>.</summary>
    private static List<string> SplitFiles(string folder, string split)
    {
        var inside = System.IO.Path.Combine(folder, DataFolder);
        var files = DataFiles(folder).Concat(Directory.Exists(inside) ? DataFiles(inside) : []);
        return [.. files.Where(file => SplitName().Match(System.IO.Path.GetFileName(file)).Groups["split"].Value == split)];
    }

    /// <summary>Returns the tar, npz or Parquet files of a folder by name.</summary>
    private static List<string> DataFiles(string folder)
    {
        var files = Directory.EnumerateFiles(folder)
            .Where(file => !SystemNames.Contains(System.IO.Path.GetFileName(file)) && DatasetFormats.OfName(file) is not null)
            .Order(StringComparer.Ordinal)
            .ToList();
        return files.DistinctBy(DatasetFormats.OfName).Count() <= 1
            ? files
            : throw new DatasetException(
                $"'{folder}' has files of several formats: {NameList.Of([.. files.Select(file => System.IO.Path.GetFileName(file)!)])}. "
                + "Specify one file, or files of one format with a pattern such as 'name-{000000..000003}.tar'.");
    }

    private static bool HasFolder(string path, string split)
    {
        using var tar = new TarTree(path);
        return tar.Root.Children().OfType<TreeFolder>().Any(folder => folder.Name == split);
    }

    [GeneratedRegex(@"^(?<split>train|test|val|valid|validation)(?=[-._])")]
    private static partial Regex SplitName();
}
