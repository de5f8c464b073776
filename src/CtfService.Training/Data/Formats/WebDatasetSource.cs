using CtfService.Training.Data.Files;
using CtfService.Training.Data.Labels;

namespace CtfService.Training.Data.Formats;

/// <summary>
/// A WebDataset (github.com/webdataset): tar files whose members are grouped into samples by their names up to the first dot, such as <c>000017.png</c>,
/// <c>000017.cls</c> and <c>000017.json</c>. The class is the id or name in <c>.cls</c>, or a field of <c>.json</c>. The shards are listed when images or
/// classes are asked for.
/// </summary>
internal sealed class WebDatasetSource : LabelledSource, IIndexedSource
{
    private readonly LabelTable _labels = new();
    private readonly Lazy<FileIndex> _images;

    /// <param name="path">The data set, for error messages.</param>
    /// <param name="shards">Tar files in the order of the set.</param>
    /// <param name="names">Class names that the user lists; null to use those of the set.</param>
    /// <param name="namesOfIds">Names for ids if the data set has none.</param>
    public WebDatasetSource(
        string path, IReadOnlyList<string> shards, SkipCounter skipped, ClassNameList? names, IReadOnlyList<string>? namesOfIds)
        : base(path, skipped, names)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(shards[0]))!;
        Files = WithClassNames(shards, folder);
        _images = new Lazy<FileIndex>(() =>
        {
            var listed = Listed(folder);
            var images = List(shards, isListed: listed is not null);
            UseLabels(_labels.Labels, listed, namesOfIds);
            return images;
        });
    }

    public override IReadOnlyList<StoredFile> Files { get; }

    public override int Count => _images.Value.Count;

    public override IEnumerable<StoredImage> Images(int maxPixels) =>
        Enumerable.Range(0, Count).Where(index => IsUsed(_images.Value.Name(index), LabelOf(index))).Select(index => Image(index, maxPixels));

    public string? ClassOf(int index) => ClassOf(LabelOf(index));

    public StoredImage Image(int index, int maxPixels)
    {
        var name = _images.Value.Name(index);
        return new StoredImage(name, ClassOf(index), () => EntryReader.Read(name, _images.Value.File(index), Skipped, maxPixels));
    }

    public override void Dispose()
    {
    }

    protected override void RequireRead() => _ = _images.Value;

    private FileIndex List(IReadOnlyList<string> shards, bool isListed)
    {
        var indexes = new FileIndex[shards.Count];
        ReadingThreads.ForEach(shards.Count, shard => indexes[shard] = WebDatasetShard.List(shards[shard], _labels, Skipped, isListed));
        var images = new FileIndex();
        foreach (var index in indexes)
        {
            images.Add(index);
        }

        return images;
    }

    private ImageLabel? LabelOf(int index) => _labels[_images.Value.Label(index)];
}
