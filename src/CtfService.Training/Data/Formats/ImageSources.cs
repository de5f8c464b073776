using CtfService.Training.Data.Files;
using CtfService.Training.Data.Labels;

namespace CtfService.Training.Data.Formats;

/// <summary>Opens a set of images in any format.</summary>
internal static class ImageSources
{
    /// <param name="path">A folder, a file, or a pattern of files.</param>
    /// <param name="split">Name of the split; null if the path is that of one set.</param>
    /// <param name="skipped">Counts what is skipped; null to count nothing.</param>
    /// <param name="names">Class names that the user lists; null to use those of the set.</param>
    /// <param name="namesOfIds">Class names of sets that store ids only; null to use the ids as names.</param>
    /// <exception cref="DatasetException">There is no such set, or it is damaged.</exception>
    public static IImageSource Open(
        string path, string? split, SkipCounter? skipped = null, ClassNameList? names = null, IReadOnlyList<string>? namesOfIds = null)
    {
        skipped ??= new SkipCounter();
        var location = DatasetLocation.Find(path, split);
        var prefix = split is null ? "" : $"{split}/";
        return location.Format switch
        {
            DatasetFormat.MetadataFolder => new MetadataFolderSource(path, location.Path, prefix, skipped, names, namesOfIds),
            DatasetFormat.WebDataset => new WebDatasetSource(path, location.Files, skipped, names, namesOfIds),
            DatasetFormat.Npz => new NpzSource(path, location.Files, skipped, names, namesOfIds),
            DatasetFormat.Parquet => new ParquetSource(path, location.Files, skipped, names, namesOfIds),
            _ => new ClassFolderSource(location.Path, location.Split, skipped, names),
        };
    }

    /// <summary>Returns the class names in the order of their ids; empty if no image has a label.</summary>
    /// <inheritdoc cref="Open"/>
    public static IReadOnlyList<string> ClassNames(string path, string? split, ClassNameList? names = null)
    {
        var location = DatasetLocation.Find(path, split);
        if (location.Format == DatasetFormat.ClassFolders)
        {
            return ClassFolderSource.ReadClassNames(location.Path, location.Split, names);
        }

        if (ListedNames(location, names) is { } listed)
        {
            return listed;
        }

        using var source = Open(path, split, names: names);
        return source.ClassNames;
    }

    /// <summary>Returns the listed class names of a set that is too large to read its labels first; null for other sets, and if there is no list.</summary>
    public static IReadOnlyList<string>? ListedNames(DatasetLocation location, ClassNameList? names) =>
        !IsStreamed(location, DatasetRequest.DefaultMemoryLimit) ? null
        : (names ?? ClassNamesFile.Find(Path.GetDirectoryName(Path.GetFullPath(location.Files[0]))!))?.Names;

    /// <summary>Returns whether a set is read as a stream for training.</summary>
    /// <param name="memoryLimit"><see cref="DatasetRequest.MemoryLimit"/>.</param>
    public static bool IsStreamed(DatasetLocation location, long memoryLimit) =>
        location.Format == DatasetFormat.WebDataset && location.Files.Sum(shard => new FileInfo(shard).Length) > memoryLimit;
}
