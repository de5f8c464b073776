using System.IO.Compression;
using CtfService.Model.Checkpoints;

namespace CtfService.Training.Data.Formats;

/// <summary>
/// The arrays of an npz file, which numpy.savez or numpy.savez_compressed wrote. Reads them as streams, so that an array may be larger than the memory. Memory
/// is allocated for bytes that exist, not for those that a header declares. Not thread-safe.
/// </summary>
internal sealed class NpzArchive : IDisposable
{
    private const string Extension = ".npy";

    private readonly string _path;
    private readonly ZipArchive _zip;
    private readonly Dictionary<string, ZipArchiveEntry> _entries = new(StringComparer.Ordinal);

    /// <exception cref="DatasetException">The file is not a zip file, or it is truncated.</exception>
    public NpzArchive(string path)
    {
        _path = path;
        _zip = Guarded(() => ZipFile.OpenRead(path));
        try
        {
            foreach (var entry in Guarded(() => _zip.Entries).Where(entry => entry.FullName.EndsWith(Extension, StringComparison.Ordinal)))
            {
                if (!_entries.TryAdd(entry.FullName[..^Extension.Length], entry))
                {
                    throw new DatasetException($"'{path}' has two arrays '{entry.FullName}'. Save it again with numpy.savez.");
                }
            }
        }
        catch
        {
            _zip.Dispose();
            throw;
        }
    }

    /// <summary>Names of the arrays, in the order of the file.</summary>
    public IReadOnlyCollection<string> Names => _entries.Keys;

    /// <summary>Opens an array.</summary>
    /// <exception cref="DatasetException">There is no such array, its header is damaged, or its length is not that of its shape.</exception>
    public NpzArray Open(string name)
    {
        if (!_entries.TryGetValue(name, out var entry))
        {
            throw new DatasetException($"'{_path}' has no array '{name}'; it has {(_entries.Count == 0 ? "none" : NameList.Of(_entries.Keys))}.");
        }

        var place = $"{_path}: {entry.FullName}";
        var content = Guarded(entry.Open);
        try
        {
            var header = Guarded(() => NumPyHeader.Read(place, content));
            return new NpzArray(place, header, content, Guarded(() => entry.Length) - header.Length);
        }
        catch
        {
            content.Dispose();
            throw;
        }
    }

    public void Dispose() => _zip.Dispose();

    private T Guarded<T>(Func<T> read) => NpzArray.Guarded(_path, read);
}
