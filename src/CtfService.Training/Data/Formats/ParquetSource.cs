using CtfService.Training.Data.Files;
using CtfService.Training.Data.Labels;

namespace CtfService.Training.Data.Formats;

/// <summary>Images in the rows of Parquet files (<see cref="ParquetFile"/>).</summary>
internal sealed class ParquetSource : LabelledSource
{
    private readonly List<(string Path, List<ImageLabel?> Labels)> _parts = [];

    /// <param name="path">The data set, for error messages.</param>
    /// <param name="files">Parquet files in the order of the set.</param>
    /// <param name="names">Class names that the user lists; null to use those of the set.</param>
    /// <param name="namesOfIds">Names for ids if the data set has none.</param>
    /// <exception cref="DatasetException">A file is damaged or has no images, or a label is not a class of the set.</exception>
    public ParquetSource(string path, IReadOnlyList<string> files, SkipCounter skipped, ClassNameList? names, IReadOnlyList<string>? namesOfIds)
        : base(path, skipped, names)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(files[0]))!;
        Files = WithClassNames(files, folder);
        IReadOnlyList<string>? described = null;
        foreach (var file in files)
        {
            using var parquet = new ParquetFile(file);
            var classes = parquet.ClassNames();
            if (described is not null && classes is not null && !described.SequenceEqual(classes))
            {
                throw new DatasetException($"'{file}' has other class names than '{files[0]}': {NameList.Of([.. classes])}. Use files of one data set.");
            }

            described ??= classes;
            _parts.Add((file, parquet.Labels()));
        }

        var listed = names is null && described is not null ? new ClassNameList(files[0], described, Keys: null) : Listed(folder);
        UseLabels(_parts.SelectMany(part => part.Labels), listed, namesOfIds);
    }

    public override IReadOnlyList<StoredFile> Files { get; }

    public override int Count => _parts.Sum(part => part.Labels.Count);

    public override IEnumerable<StoredImage> Images(int maxPixels)
    {
        foreach (var (path, labels) in _parts)
        {
            var place = Path.GetFileName(path);
            using var parquet = new ParquetFile(path);
            foreach (var (row, bytes) in parquet.Images().Index())
            {
                var name = FormattableString.Invariant($"{place}[{row}]");
                if (bytes is null)
                {
                    Skipped.Add(name, SkipReasons.NoBytes);
                }
                else if (IsUsed(name, labels[row]))
                {
                    var file = new TreeFile(name, bytes.Length, (offset, count) => bytes.AsSpan((int)offset, count).ToArray());
                    yield return new StoredImage(name, ClassOf(labels[row]), () => EntryReader.Read(name, file, Skipped, maxPixels));
                }
            }
        }
    }

    public override void Dispose()
    {
    }
}
