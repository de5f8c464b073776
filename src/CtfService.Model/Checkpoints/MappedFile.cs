using System.IO.MemoryMappedFiles;
using CtfService.Core.Models;

namespace CtfService.Model.Checkpoints;

/// <summary>
/// A file opened for reading of which parts are mapped into memory for as long as they are needed, so that reading a large file tensor by tensor
/// never holds more than one tensor's pages. Any thread; one at a time.
/// </summary>
internal sealed class MappedFile : IDisposable
{
    private readonly FileStream _stream;
    private readonly MemoryMappedFile? _map; // null for an empty file, which cannot be mapped

    private MappedFile(string path, FileStream stream)
    {
        Path = path;
        _stream = stream;
        Length = stream.Length;
        _map = Length == 0 ? null : MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
    }

    public string Path { get; }

    /// <summary>Bytes, when it was opened.</summary>
    public long Length { get; }

    /// <exception cref="CheckpointException">The file is missing or unreadable.</exception>
    public static MappedFile Open(string path)
    {
        FileStream? stream = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            return new MappedFile(path, stream);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            stream?.Dispose();
            throw new CheckpointException($"{path}: cannot be read ({error.Message}).", error);
        }
    }

    /// <summary>Maps a part of the file. The caller disposes it.</summary>
    /// <exception cref="CheckpointException">The part is not inside the file, or the file became shorter since it was opened.</exception>
    public MappedBytes Map(long offset, long length)
    {
        ObjectDisposedException.ThrowIf(!_stream.CanRead, this);
        if (offset < 0 || length < 0 || offset > Length - length || Length > _stream.Length)
        {
            throw new CheckpointException($"{Path}: bytes {offset} to {offset + length} are not inside the file of {_stream.Length} bytes; it was cut off.");
        }

        return new MappedBytes(length == 0 ? null : _map!.CreateViewAccessor(offset, length, MemoryMappedFileAccess.Read), length);
    }

    public void Dispose()
    {
        _map?.Dispose();
        _stream.Dispose();
    }
}

/// <summary>A mapped part of a file.</summary>
internal sealed unsafe class MappedBytes : IDisposable
{
    private readonly MemoryMappedViewAccessor? _view;
    private byte* _start;

    internal MappedBytes(MemoryMappedViewAccessor? view, long length)
    {
        _view = view;
        Length = length;
        if (view is not null)
        {
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
            _start += view.PointerOffset;
        }
    }

    public long Length { get; }

    /// <summary>All of it. Valid until this is disposed.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Longer than a span can be, 2 GiB.</exception>
    public ReadOnlySpan<byte> Span
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(Length, int.MaxValue);
            return new(_start, (int)Length);
        }
    }

    public void Dispose()
    {
        if (_start is not null)
        {
            _start = null;
            _view!.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
        }
    }
}
