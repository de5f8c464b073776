using CtfService.Training.Data.Files;
using CtfService.Training.Data.Labels;

namespace CtfService.Training.Data.Formats;

/// <summary>Images in the rows of Parquet files (<see cref="ParquetFile"/>).</summary>
internal sealed class ParquetSource : LabelledSource
{
    private readonly List<(string Path, List<ImageLabel?> Labels)> _parts = [];

    /// <param name="path">The data set, for error messages.</param>
    /// <param name="files">Parquet files in the order of the set.</param>
    /// <param name="namesOfIds">Names for ids if the data set has none.</param>
    /// <exception cref="DatasetException">A file is damaged or has no images, or a label is not a class of the set.</exception>
    public ParquetSource(string path, IReadOnlyList<string> files, SkipCounter skipped, IReadOnlyList<string>? namesOfIds)
        : base(path, skipped)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(files[0]))!;
        Files = WithClassNames(files, folder);
        IReadOnlyList<string>? listed = null;
        foreach (var file in files)
        {
            using var parquet = new ParquetFile(file);
            var names = parquet.ClassNames();
            if (listed is not null && names is not null && !listed.SequenceEqual(names))
            {
                throw new DatasetException($"'{file}' has other class names than '{files[0]}': {NameList.Of([.. names])}. Use files of one data set.");
            }

            listed ??= names;
            _parts.Add((file, parquet.Labels()));
        }

        UseLabels(_parts.SelectMany(part => part.Labels), listed ?? ClassNamesFile.Find(folder), namesOfIds);
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
