using System.Formats.Tar;
using Microsoft.Win32.SafeHandles;

namespace CtfService.Training.Data.Files;

/// <summary>
/// A data set in a tar file. All headers are read first, so that links can point to any entry of the file. A later entry replaces an earlier one with the same
/// name, as when the file is unpacked. The file stays open until this object is disposed.
/// </summary>
internal sealed class TarTree : IDisposable
{
    /// <summary>Maximum number of links that are followed in a row, as on Linux.</summary>
    private const int MaxLinks = 40;

    /// <summary>The content of large entries is not read, so a small buffer wastes less; the order still lets the system read ahead.</summary>
    private static readonly FileStreamOptions Headers = new() { BufferSize = 4096, Options = FileOptions.SequentialScan };

    private readonly string _path;
    private readonly SafeFileHandle _file;
    private readonly long _length;
    private readonly TarFolder _root = new("");

    /// <exception cref="DatasetException">The file is not a tar file, is compressed, or is truncated.</exception>
    public TarTree(string path)
    {
        _path = path;
        _file = System.IO.File.OpenHandle(path);
        _length = RandomAccess.GetLength(_file);
        try
        {
            ReadHeaders();
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    public TreeFolder Root => Folder(_root, "", isLink: false);

    /// <summary>Entries that a later entry with the same name replaces.</summary>
    public List<string> Replaced { get; } = [];

    public void Dispose() => _file.Dispose();

    private void ReadHeaders()
    {
        try
        {
            using var reader = new TarReader(new FileStream(_path, Headers));
            while (reader.GetNextEntry() is { } entry)
            {
                Add(entry);
            }
        }
        catch (Exception exception)
            when (exception is InvalidDataException or EndOfStreamException or FormatException or ArgumentException or OverflowException)
        {
            throw new DatasetException($"'{_path}' is not an uncompressed tar file, or it is truncated: {exception.Message}", exception);
        }
    }

    private void Add(TarEntry entry)
    {
        if (entry.EntryType == TarEntryType.GlobalExtendedAttributes)
        {
            return;
        }

        List<string> parts = [];
        if (!Append(parts, entry.Name.TrimStart('/')) || parts.Count == 0)
        {
            return; // the root itself, or a name outside it, which tar programs do not unpack
        }

        if (entry.EntryType == TarEntryType.Directory)
        {
            MakeFolder(parts, parts.Count);
            return;
        }

        var folder = MakeFolder(parts, parts.Count - 1);
        if (folder.Items.TryGetValue(parts[^1], out var earlier) && earlier is not TarFolder)
        {
            Replaced.Add(string.Join('/', parts));
        }

        folder.Items[parts[^1]] = Item(entry);
    }

    private TarItem Item(TarEntry entry)
    {
        switch (entry.EntryType)
        {
            case TarEntryType.SymbolicLink:
                return new TarLink(entry.LinkName, IsHard: false);
            case TarEntryType.HardLink:
                return new TarLink(entry.LinkName, IsHard: true);
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile when !IsSparse(entry):
                return entry.Length == 0 || entry.DataOffset + entry.Length <= _length
                    ? new TarData(entry.DataOffset, entry.Length)
                    : throw new EndOfStreamException($"'{entry.Name}' has {entry.Length} bytes, but only {_length - entry.DataOffset} are left.");
            default:
                return new TarProblem(SkipReasons.Special);
        }
    }

    private static bool IsSparse(TarEntry entry) =>
        entry is PaxTarEntry pax && pax.ExtendedAttributes.Keys.Any(key => key.StartsWith("GNU.sparse", StringComparison.Ordinal));

    private TarFolder MakeFolder(List<string> parts, int count)
    {
        var folder = _root;
        for (var i = 0; i < count; i++)
        {
            if (folder.Items.GetValueOrDefault(parts[i]) is not TarFolder inner)
            {
                folder.Items[parts[i]] = inner = new TarFolder(string.Join('/', parts.Take(i + 1)));
            }

            folder = inner;
        }

        return folder;
    }

    private TreeFolder Folder(TarFolder folder, string name, bool isLink) =>
        new(name, folder.Place, isLink, () => folder.Items.Select(item => Node(folder, item.Key, item.Value)));

    private TreeNode Node(TarFolder parent, string name, TarItem item) => item switch
    {
        TarFolder folder => Folder(folder, name, isLink: false),
        TarData data => File(name, data),
        TarLink => Resolve(parent.Place.Length == 0 ? name : $"{parent.Place}/{name}") switch
        {
            TarFolder folder => Folder(folder, name, isLink: true),
            TarData data => File(name, data),
            var other => Problem(name, other),
        },
        _ => Problem(name, item),
    };

    private static TreeProblem Problem(string name, TarItem item) => new(name, (item as TarProblem)?.Reason ?? SkipReasons.Special);

    private TreeFile File(string name, TarData data) =>
        new(name, data.Length, (offset, count) => TreeFile.ReadExactly(_file, _path, data.Offset + offset, count))
        {
            Place = new FilePlace(_path, data.Offset),
        };

    /// <summary>Returns the item at a path, links followed, or the reason why it cannot be read.</summary>
    private TarItem Resolve(string path)
    {
        List<string> parts = [.. path.Split('/')];
        for (var links = 0; links <= MaxLinks; links++)
        {
            TarItem item = _root;
            var place = 0;
            while (item is TarFolder folder && place < parts.Count)
            {
                if (!folder.Items.TryGetValue(parts[place++], out item!))
                {
                    return new TarProblem(SkipReasons.LinkToNothing);
                }
            }

            if (item is not TarLink link)
            {
                return place == parts.Count ? item : new TarProblem(SkipReasons.LinkToNothing);
            }

            List<string> target = link.IsHard ? [] : [.. parts.Take(place - 1)];
            if ((!link.IsHard && link.Target.StartsWith('/')) || !Append(target, link.Target.TrimStart('/')))
            {
                return new TarProblem(SkipReasons.LinkOutOfTar);
            }

            parts = [.. target, .. parts.Skip(place)];
        }

        return new TarProblem(SkipReasons.LinkToNothing); // a cycle of links
    }

    /// <summary>Appends a path to a folder's path; returns false if the result is outside the root.</summary>
    private static bool Append(List<string> parts, string path)
    {
        foreach (var part in path.Split('/').Where(part => part is not ("" or ".")))
        {
            if (part != "..")
            {
                parts.Add(part);
            }
            else if (parts.Count == 0)
            {
                return false;
            }
            else
            {
                parts.RemoveAt(parts.Count - 1);
            }
        }

        return true;
    }

    private abstract record TarItem;

    private sealed record TarFolder(string Place) : TarItem
    {
        public Dictionary<string, TarItem> Items { get; } = new(StringComparer.Ordinal);
    }

    private sealed record TarData(long Offset, long Length) : TarItem;

    private sealed record TarLink(string Target, bool IsHard) : TarItem;

    /// <summary>An item that cannot be read.</summary>
    private sealed record TarProblem(string Reason) : TarItem;
}
