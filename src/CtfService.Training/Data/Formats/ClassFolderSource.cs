using CtfService.Training.Data.Files;

namespace CtfService.Training.Data.Formats;

/// <summary>Images in class folders, <c>class/file</c> or <c>split/class/file</c>, in a folder or a tar file. The order is that of the names.</summary>
internal sealed class ClassFolderSource : IImageSource
{
    private readonly ImageTree _tree;
    private readonly SkipCounter _skipped;
    private readonly List<ImageEntry> _entries;

    /// <exception cref="DatasetException">There are no class folders, or the tar file is damaged.</exception>
    public ClassFolderSource(string path, string? split, SkipCounter skipped)
    {
        _skipped = skipped;
        _tree = new ImageTree(path, split, skipped);
        try
        {
            _entries = [.. _tree.Entries().OrderBy(entry => entry.Name, StringComparer.Ordinal)];
            _tree.RequireUsable();
        }
        catch
        {
            _tree.Dispose();
            throw;
        }
    }

    public IReadOnlyList<StoredFile> Files => [.. _entries.Select(entry => new StoredFile(entry.Name, entry.File))];

    public int Count => _entries.Count;

    public IReadOnlyList<string> ClassNames => [.. _tree.ClassNames];

    public string HowToRemoveAClass => "remove the folder";

    public IEnumerable<StoredImage> Images(int maxPixels) =>
        _entries.Select(entry => new StoredImage(entry.Name, entry.ClassName, () => EntryReader.Read(entry.Name, entry.File, _skipped, maxPixels)));

    public void Dispose() => _tree.Dispose();
}
