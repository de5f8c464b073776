using CtfService.Training.Data.Files;
using CtfService.Training.Data.Labels;

namespace CtfService.Training.Data.Formats;

/// <summary>Images in class folders, <c>class/file</c> or <c>split/class/file</c>, in a folder or a tar file. The order is that of the names.</summary>
internal sealed class ClassFolderSource : IIndexedSource
{
    private readonly FileIndex _files = new();
    private readonly List<string> _classOfLabel = [];
    private readonly SkipCounter _skipped;

    /// <exception cref="DatasetException">
    /// There are no class folders, the tar file is damaged, or a class folder is not in the list of class names.
    /// </exception>
    public ClassFolderSource(string path, string? split, SkipCounter skipped, ClassNameList? names = null)
    {
        _skipped = skipped;
        using var tree = new ImageTree(path, split, skipped);
        var labels = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var entry in tree.Entries())
        {
            if (!labels.TryGetValue(entry.ClassName, out var label))
            {
                labels.Add(entry.ClassName, label = labels.Count);
                _classOfLabel.Add(names is null ? entry.ClassName : names.NameOfFolder(path, entry.ClassName));
            }

            _files.Add(entry.Folder, entry.File, label);
        }

        tree.RequireUsable();
        ClassNames = names is null ? [.. tree.ClassNames] : names.NamesOfFolders(path, tree.ClassNames);
        _files.Sort();
        Files = new ComputedList<StoredFile>(_files.Count, index => new StoredFile(_files.Name(index), _files.File(index)));
    }

    public IReadOnlyList<StoredFile> Files { get; }

    public int Count => _files.Count;

    public IReadOnlyList<string> ClassNames { get; }

    public string HowToRemoveAClass => "remove the folder";

    /// <summary>Reads the class names only.</summary>
    /// <inheritdoc cref="ClassFolderSource(string, string?, SkipCounter, ClassNameList?)" path="/exception"/>
    public static IReadOnlyList<string> ReadClassNames(string path, string? split, ClassNameList? names = null)
    {
        using var tree = new ImageTree(path, split);
        tree.ReadClassNames();
        tree.RequireUsable();
        return names is null ? [.. tree.ClassNames] : names.NamesOfFolders(path, tree.ClassNames);
    }

    public string? ClassOf(int index) => _classOfLabel[_files.Label(index)];

    public StoredImage Image(int index, int maxPixels)
    {
        var name = _files.Name(index);
        return new StoredImage(name, ClassOf(index), () => EntryReader.Read(name, _files.File(index), _skipped, maxPixels));
    }

    public IEnumerable<StoredImage> Images(int maxPixels) => Enumerable.Range(0, Count).Select(index => Image(index, maxPixels));

    public void Dispose()
    {
    }
}
