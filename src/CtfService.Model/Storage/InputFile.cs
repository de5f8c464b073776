using System.Security.Cryptography;
using CtfService.Core.Models;

namespace CtfService.Model.Storage;

/// <summary>
/// A file opened for reading ranges of bytes. It is not memory-mapped: if a mapped file shrinks, reading it kills the process; here it is a
/// <see cref="CheckpointException"/>. Not thread-safe.
/// </summary>
internal sealed class InputFile : IDisposable
{
    private const int HashBufferBytes = 1 << 20;

    private readonly FileStream _stream;
    private readonly DateTime _written;

    private InputFile(string path, FileStream stream)
    {
        Path = path;
        _stream = stream;
        Length = stream.Length;
        _written = File.GetLastWriteTimeUtc(stream.SafeFileHandle);
    }

    public string Path { get; }

    /// <summary>Bytes that the file had when it was opened; those of the target if the path is a link.</summary>
    public long Length { get; }

    /// <exception cref="CheckpointException">The file is missing or cannot be read. The error is marked as
    /// <see cref="CheckpointException.IsTransient"/>, because the storage may recover.</exception>
    public static InputFile Open(string path)
    {
        FileStream? stream = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            return new InputFile(path, stream);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            stream?.Dispose();
            throw CheckpointException.Unreadable(path, error);
        }
    }

    /// <summary>Fills the destination with the bytes that start at an offset.</summary>
    /// <exception cref="CheckpointException">The range is outside the file, the file has shrunk since it was opened, or the storage fails.</exception>
    public void Read(long offset, Span<byte> destination)
    {
        RequireInside(offset, destination.Length);
        try
        {
            for (var done = 0; done < destination.Length;)
            {
                var count = RandomAccess.Read(_stream.SafeFileHandle, destination[done..], offset + done);
                if (count == 0)
                {
                    throw new CheckpointException(
                        $"{Path}: ends at byte {offset + done}, but had {Length} bytes when it was opened; it was truncated while it was read.");
                }

                done += count;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CheckpointException.Unreadable(Path, error);
        }
    }

    /// <summary>Returns the bytes of a range. Only the length of the file bounds it, so keep it small.</summary>
    /// <exception cref="CheckpointException">As for <see cref="Read(long, Span{byte})"/>, or the range is longer than 2 GiB.</exception>
    public byte[] Read(long offset, long length)
    {
        RequireInside(offset, length); // before anything is allocated for it
        var bytes = new byte[length];
        Read(offset, bytes);
        return bytes;
    }

    /// <summary>Returns the first bytes; fewer if the file is shorter.</summary>
    public byte[] Start(int length) => Read(0, Math.Min(Length, length));

    /// <summary>Computes the SHA-256 of the whole file, in lower-case hex.</summary>
    /// <exception cref="CheckpointException">As for <see cref="Read(long, Span{byte})"/>.</exception>
    public string Sha256(CancellationToken cancellation = default)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[Math.Min(Length, HashBufferBytes)];
        for (var offset = 0L; offset < Length; offset += buffer.Length)
        {
            cancellation.ThrowIfCancellationRequested();
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, Length - offset));
            Read(offset, part);
            hash.AppendData(part);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <exception cref="CheckpointException">
    /// The length or the modification time has changed since the file was opened, or the storage fails. The error is marked as
    /// <see cref="CheckpointException.IsTransient"/>, because the content may be valid once the file is no longer written to.
    /// </exception>
    public void RequireUnchanged()
    {
        if (HasChanged())
        {
            throw new CheckpointException($"{Path}: was changed while it was read. Load it again when it is no longer written to.") { IsTransient = true };
        }
    }

    public void Dispose() => _stream.Dispose();

    private bool HasChanged()
    {
        try
        {
            return _stream.Length != Length || File.GetLastWriteTimeUtc(_stream.SafeFileHandle) != _written;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CheckpointException.Unreadable(Path, error);
        }
    }

    private void RequireInside(long offset, long length)
    {
        if (offset < 0 || length < 0 || offset > Length - length)
        {
            throw new CheckpointException($"{Path}: bytes {offset} to {offset + length} are outside the file of {Length} bytes; it was truncated.");
        }

        if (length > Array.MaxLength)
        {
            throw new CheckpointException($"{Path}: a range of {length} bytes cannot be read at once; the limit is {Array.MaxLength} bytes.");
        }
    }
}
