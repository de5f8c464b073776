using System.Formats.Tar;

namespace CtfService.Training.Data;

/// <summary>One image file of a data set, not yet decoded.</summary>
/// <param name="Name">Path inside the data set, with forward slashes.</param>
/// <param name="Read">Gives the file's bytes; may be called from any thread.</param>
internal sealed record ImageEntry(string Name, string ClassName, Func<byte[]> Read);

/// <summary>Finds classes and image files in a folder or tar file. Class names are complete once the entries are read to the end.</summary>
internal sealed class ImageTree
{
    private const string Layout = "Expected <class>/<image>, or <split>/<class>/<image> with a split named.";
    private static readonly string[] Extensions = [".jpg", ".jpeg", ".png", ".webp"];
    private static readonly string[] SplitNames = ["train", "test", "val", "valid", "validation"];

    private readonly string _path;
    private readonly string? _split;
    private readonly SortedSet<string> _topFolders = new(StringComparer.Ordinal);

    /// <exception cref="DatasetException">There is nothing at the path.</exception>
    public ImageTree(string path, string? split)
    {
        if (!Directory.Exists(path) && !File.Exists(path))
        {
            throw new DatasetException($"There is no data set at '{path}'. Give the path of a folder of class folders, or of a tar file of one.");
        }

        _path = path;
        _split = split;
    }

    public SortedSet<string> ClassNames { get; } = new(StringComparer.Ordinal);

    /// <exception cref="DatasetException">The file is not a tar file.</exception>
    public IEnumerable<ImageEntry> Entries() => Directory.Exists(_path) ? FolderEntries() : TarEntries();

    /// <exception cref="DatasetException">No class was found, or the classes are really splits.</exception>
    public void RequireUsable()
    {
        var found = _topFolders.Count == 0 ? "no folders" : $"the folders {string.Join(", ", _topFolders.Take(5))}{(_topFolders.Count > 5 ? ", ..." : "")}";
        if (ClassNames.Count == 0)
        {
            var place = _split is null ? "" : $" under '{_split}/'";
            throw new DatasetException($"'{_path}' has no class folders{place}; it has {found}. {Layout}");
        }

        if (_split is null && ClassNames.IsSubsetOf(SplitNames))
        {
            throw new DatasetException($"'{_path}' is divided into splits; it has {found}. Name one of them as the split.");
        }
    }

    private IEnumerable<ImageEntry> FolderEntries()
    {
        foreach (var folder in Directory.EnumerateDirectories(_path))
        {
            NoteFolder(Path.GetFileName(folder));
            foreach (var inner in Directory.EnumerateDirectories(folder))
            {
                NoteFolder($"{Path.GetFileName(folder)}/{Path.GetFileName(inner)}");
            }
        }

        foreach (var file in Directory.EnumerateFiles(_path, "*", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(_path, file).Replace(Path.DirectorySeparatorChar, '/');
            if (ClassOf(name) is { } className)
            {
                yield return new ImageEntry(name, className, () => File.ReadAllBytes(file));
            }
        }
    }

    private IEnumerable<ImageEntry> TarEntries()
    {
        using var reader = new TarReader(File.OpenRead(_path));
        while (Checked(() => reader.GetNextEntry()) is { } entry)
        {
            var name = entry.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name;
            if (entry.EntryType == TarEntryType.Directory)
            {
                NoteFolder(name.TrimEnd('/'));
            }
            else if (entry.DataStream is { } stream && ClassOf(name) is { } className)
            {
                var file = new byte[entry.Length];
                Checked(() => stream.ReadAtLeast(file, file.Length));
                yield return new ImageEntry(name, className, () => file);
            }
        }
    }

    private T Checked<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException or FormatException)
        {
            throw new DatasetException($"'{_path}' is not an uncompressed tar file, or it is cut short: {exception.Message}", exception);
        }
    }

    /// <summary>The class an image file belongs to; null for other files, hidden ones and other splits.</summary>
    private string? ClassOf(string name)
    {
        var folder = name[..Math.Max(name.LastIndexOf('/'), 0)];
        var isImage = Extensions.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase) && !Path.GetFileName(name).StartsWith('.');
        return NoteFolder(folder) is { } className && isImage ? className : null;
    }

    /// <summary>Remembers the class a folder stands for and returns it; null where it is none.</summary>
    private string? NoteFolder(string folder)
    {
        var parts = folder.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0 || parts.Any(part => part.StartsWith('.') || part == "__MACOSX"))
        {
            return null;
        }

        _topFolders.Add(parts[0]);
        var depth = _split is null ? 0 : 1;
        if (parts.Length <= depth || (_split is not null && parts[0] != _split))
        {
            return null;
        }

        ClassNames.Add(parts[depth]);
        return parts[depth];
    }
}
