using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using CtfService.Core.Models;
using static TorchSharp.torch;

namespace CtfService.Model.Checkpoints;

/// <summary>
/// A memory-mapped safetensors file, checked as a whole when opened. Tensors are copied out one by one, so a file larger than the
/// memory can be read in parts. One thread at a time.
/// </summary>
public sealed unsafe class SafetensorsFile : IDisposable
{
    /// <summary>Bytes; the limit of the reference implementation.</summary>
    public const long MaxHeaderLength = 100_000_000;

    private const int PrefixLength = sizeof(ulong);

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly Dictionary<string, SafetensorsEntry> _byName;
    private readonly long _dataStart;
    private byte* _start;

    private SafetensorsFile(string path, FileStream stream)
    {
        Path = path;
        var headerLength = ReadHeaderLength(path, stream);
        var json = new byte[headerLength];
        stream.ReadExactly(json);
        _dataStart = PrefixLength + headerLength;
        var header = SafetensorsHeader.Parse(path, json, stream.Length - _dataStart);
        Entries = header.Entries;
        Metadata = header.Metadata;
        _byName = Entries.ToDictionary(entry => entry.Name);
        _file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
    }

    public string Path { get; }

    /// <summary>In the order of their bytes.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <summary>The file's own notes (<c>__metadata__</c>); empty where it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <exception cref="CheckpointException">The file is missing, unreadable or not a sound safetensors file.</exception>
    public static SafetensorsFile Open(string path)
    {
        FileStream? stream = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            return new SafetensorsFile(path, stream);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            stream?.Dispose();
            throw new CheckpointException($"{path}: cannot be read ({error.Message}).", error);
        }
        catch
        {
            stream?.Dispose();
            throw;
        }
    }

    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <exception cref="CheckpointException">No tensor of that name.</exception>
    public SafetensorsEntry Entry(string name) => _byName.TryGetValue(name, out var entry)
        ? entry
        : throw new CheckpointException(
            $"{Path}: has no tensor '{name}'; it has {string.Join(", ", _byName.Keys.Take(10))}{(_byName.Count > 10 ? ", ..." : string.Empty)}.");

    /// <summary>Copies a tensor out of the file. The caller owns it.</summary>
    /// <param name="dtype">Element type to cast to; as stored where null.</param>
    /// <param name="device">The CPU where null.</param>
    /// <exception cref="CheckpointException">No tensor of that name, or it is larger than 2 GiB.</exception>
    public Tensor Read(string name, ScalarType? dtype = null, Device? device = null)
    {
        var entry = Entry(name);
        using var scope = NewDisposeScope();
        var stored = empty([.. entry.Shape], entry.Dtype, CPU);
        if (entry.ByteLength > 0)
        {
            Bytes(name).CopyTo(stored.bytes);
        }

        return stored.to(dtype ?? entry.Dtype, device ?? CPU).MoveToOuterDisposeScope();
    }

    /// <summary>The stored bytes, little-endian, row-major. Valid until this file is disposed.</summary>
    /// <exception cref="CheckpointException">No tensor of that name, or it is larger than 2 GiB.</exception>
    public ReadOnlySpan<byte> Bytes(string name)
    {
        ObjectDisposedException.ThrowIf(_start is null, this);
        var entry = Entry(name);
        return entry.ByteLength <= int.MaxValue
            ? new ReadOnlySpan<byte>(_start + _view.PointerOffset + _dataStart + entry.Offset, (int)entry.ByteLength)
            : throw new CheckpointException($"{Path}: tensor '{name}' takes {entry.ByteLength} bytes; at most {int.MaxValue} can be read.");
    }

    public void Dispose()
    {
        if (_start is null)
        {
            return;
        }

        _start = null;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    private static int ReadHeaderLength(string path, FileStream stream)
    {
        if (stream.Length < PrefixLength)
        {
            throw new CheckpointException($"{path}: holds {stream.Length} bytes; a safetensors file starts with {PrefixLength} bytes of header length.");
        }

        Span<byte> prefix = stackalloc byte[PrefixLength];
        stream.ReadExactly(prefix);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        var limit = Math.Min(MaxHeaderLength, stream.Length - PrefixLength);
        return length <= (ulong)limit
            ? (int)length
            : throw new CheckpointException(
                $"{path}: announces a header of {length} bytes, expected at most {limit}. The file is cut off or not a safetensors file.");
    }
}
