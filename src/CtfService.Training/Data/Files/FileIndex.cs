using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace CtfService.Training.Data.Files;

/// <summary>
/// The image files of a data set, in about 30 bytes each and their names. Files are opened when they are read. Thread-safe once it is complete.
/// </summary>
internal sealed class FileIndex
{
    private const int LengthBytes = sizeof(int);

    private readonly List<Folder> _folders = [];
    private readonly Dictionary<Folder, int> _folderNumbers = [];
    private readonly List<Entry> _entries = [];
    private byte[] _names = new byte[1024]; // for each name its length and its characters in UTF-8
    private int _namesLength;

    public int Count => _entries.Count;

    /// <summary>Appends a file.</summary>
    /// <param name="folder">Folder of the file inside the data set, with a slash at its end.</param>
    /// <param name="file">A file on disk, or in a tar file on disk.</param>
    /// <param name="label">A number that the caller gives a meaning, such as a class.</param>
    public void Add(string folder, TreeFile file, int label)
    {
        var place = file.Place ?? throw new ArgumentException($"'{file.Name}' is not on disk.", nameof(file));
        var ownFile = place.Path.EndsWith($"/{file.Name}", StringComparison.Ordinal) && place.Start == 0;
        var holder = ownFile ? place.Path[..^file.Name.Length] : place.Path;
        var number = FolderNumber(new Folder(folder, holder, ownFile));
        _entries.Add(new Entry(number, AddName(Encoding.UTF8.GetBytes(file.Name)), place.Start, file.Length, label));
    }

    /// <summary>Appends the files of another index.</summary>
    public void Add(FileIndex other)
    {
        int[] numbers = [.. other._folders.Select(FolderNumber)];
        foreach (ref readonly var entry in CollectionsMarshal.AsSpan(other._entries))
        {
            _entries.Add(entry with { Folder = numbers[entry.Folder], Name = AddName(other.NameBytes(entry)) });
        }
    }

    /// <summary>Returns the path inside the data set, with forward slashes, in Unicode's composed form.</summary>
    public string Name(int index) => Name(_entries[index]);

    /// <summary>Returns the number that was given with the file.</summary>
    public int Label(int index) => _entries[index].Label;

    public TreeFile File(int index)
    {
        var entry = _entries[index];
        var folder = _folders[entry.Folder];
        var name = Encoding.UTF8.GetString(NameBytes(entry));
        return TreeFile.At(name, new FilePlace(folder.HoldsFiles ? folder.Path + name : folder.Path, entry.Start), entry.Length);
    }

    /// <summary>Orders the files by <see cref="Name(int)"/>, ordinally; files of equal names stay in the order of addition.</summary>
    public void Sort()
    {
        var entries = CollectionsMarshal.AsSpan(_entries);
        for (var i = 1; i < entries.Length; i++)
        {
            if (Compare(entries[i - 1], entries[i]) > 0)
            {
                _entries.Sort(Compare);
                return;
            }
        }
    }

    private int FolderNumber(Folder folder)
    {
        if (!_folderNumbers.TryGetValue(folder, out var number))
        {
            _folderNumbers.Add(folder, number = _folders.Count);
            _folders.Add(folder);
        }

        return number;
    }

    private int AddName(ReadOnlySpan<byte> name)
    {
        var (start, end) = (_namesLength, checked(_namesLength + LengthBytes + name.Length));
        if (end > _names.Length)
        {
            Array.Resize(ref _names, Math.Max(end, (int)Math.Min(Array.MaxLength, 2L * _names.Length)));
        }

        BinaryPrimitives.WriteInt32LittleEndian(_names.AsSpan(start), name.Length);
        name.CopyTo(_names.AsSpan(start + LengthBytes));
        _namesLength = end;
        return start;
    }

    private ReadOnlySpan<byte> NameBytes(in Entry entry) =>
        _names.AsSpan(entry.Name + LengthBytes, BinaryPrimitives.ReadInt32LittleEndian(_names.AsSpan(entry.Name)));

    private string Name(in Entry entry) => ClassName.Composed(_folders[entry.Folder].Prefix + Encoding.UTF8.GetString(NameBytes(entry)));

    private int Compare(Entry left, Entry right)
    {
        var order = left.Folder == right.Folder && Ascii.IsValid(NameBytes(left)) && Ascii.IsValid(NameBytes(right))
            ? NameBytes(left).SequenceCompareTo(NameBytes(right)) // the order of most names, without creating them
            : string.CompareOrdinal(Name(left), Name(right));
        return order != 0 ? order : left.Name.CompareTo(right.Name);
    }

    /// <param name="Prefix">Path inside the data set, with a slash at its end.</param>
    /// <param name="Path">Path of the folder on disk, with a slash at its end, or of the tar file.</param>
    /// <param name="HoldsFiles">Whether the path is a folder of files.</param>
    private sealed record Folder(string Prefix, string Path, bool HoldsFiles);

    /// <param name="Name">Place of the name in <see cref="_names"/>.</param>
    [StructLayout(LayoutKind.Sequential, Pack = sizeof(int))]
    private readonly record struct Entry(int Folder, int Name, long Start, long Length, int Label);
}
