using CtfService.Training.Data.Files;

namespace CtfService.Training.Data.Formats;

/// <summary>Opens a set of images in any format.</summary>
internal static class ImageSources
{
    /// <param name="path">A folder, a file, or a pattern of files.</param>
    /// <param name="split">Name of the split; null if the path is that of one set.</param>
    /// <param name="skipped">Counts what is skipped; null to count nothing.</param>
    /// <param name="namesOfIds">Class names of sets that store ids only; null to use the ids as names.</param>
    /// <exception cref="DatasetException">There is no such set, or it is damaged.</exception>
    public static IImageSource Open(string path, string? split, SkipCounter? skipped = null, IReadOnlyList<string>? namesOfIds = null)
    {
        skipped ??= new SkipCounter();
        var location = DatasetLocation.Find(path, split);
        var prefix = split is null ? "" : $"{split}/";
        return location.Format switch
        {
            DatasetFormat.MetadataFolder => new MetadataFolderSource(path, location.Path, prefix, skipped, namesOfIds),
            DatasetFormat.WebDataset => new WebDatasetSource(path, location.Files, skipped, namesOfIds),
            DatasetFormat.Npz => new NpzSource(path, location.Files, skipped, namesOfIds),
            DatasetFormat.Parquet => new ParquetSource(path, location.Files, skipped, namesOfIds),
            _ => new ClassFolderSource(location.Path, location.Split, skipped),
        };
    }
}
