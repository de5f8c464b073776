using System.Security.Cryptography;
using CtfService.Core.Models;

namespace CtfService.Model.Storage;

/// <summary>
/// A file opened for reading, part by part, into memory of our own. It is not mapped into memory: a file that becomes shorter while it is mapped ends the
/// process, here it ends in a <see cref="CheckpointException"/>. Any thread; one at a time.
/// </summary>
internal sealed class InputFile : IDisposable
{
    private const int HashedAtOnce = 1 << 20;

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

    /// <summary>Bytes, when it was opened; of the target if the path is a link.</summary>
    public long Length { get; }

    /// <exception cref="CheckpointException">The file is missing or cannot be read; <see cref="CheckpointException.IsTransient"/>, as storage may come
    /// back.</exception>
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

    /// <summary>Fills the destination with the bytes from an offset on.</summary>
    /// <exception cref="CheckpointException">The part is not inside the file, the file became shorter since it was opened, or the storage fails.</exception>
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
                        $"{Path}: ends at byte {offset + done} and had {Length} when it was opened; it was cut off while it was read.");
                }

                done += count;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CheckpointException.Unreadable(Path, error);
        }
    }

    /// <summary>The bytes of a part, which should be small: nothing bounds them but the file's length.</summary>
    /// <exception cref="CheckpointException">As <see cref="Read(long, Span{byte})"/>, or the part is longer than 2 GiB.</exception>
    public byte[] Read(long offset, long length)
    {
        RequireInside(offset, length); // before anything is allocated for it
        var bytes = new byte[length];
        Read(offset, bytes);
        return bytes;
    }

    /// <summary>The first bytes, fewer if the file is shorter.</summary>
    public byte[] Start(int length) => Read(0, Math.Min(Length, length));

    /// <summary>SHA-256 of all of it, lower-case hex.</summary>
    /// <exception cref="CheckpointException">As <see cref="Read(long, Span{byte})"/>.</exception>
    public string Sha256(CancellationToken cancellation = default)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var piece = new byte[Math.Min(Length, HashedAtOnce)];
        for (var offset = 0L; offset < Length; offset += piece.Length)
        {
            cancellation.ThrowIfCancellationRequested();
            var part = piece.AsSpan(0, (int)Math.Min(piece.Length, Length - offset));
            Read(offset, part);
            hash.AppendData(part);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <exception cref="CheckpointException">The file was written to since it was opened.</exception>
    public void RequireUnchanged()
    {
        if (_stream.Length != Length || File.GetLastWriteTimeUtc(_stream.SafeFileHandle) != _written)
        {
            throw new CheckpointException($"{Path}: was changed while it was read. Load it again when it is no longer written to.");
        }
    }

    public void Dispose() => _stream.Dispose();

    private void RequireInside(long offset, long length)
    {
        if (offset < 0 || length < 0 || offset > Length - length)
        {
            throw new CheckpointException($"{Path}: bytes {offset} to {offset + length} are not inside the file of {Length} bytes; it was cut off.");
        }

        if (length > Array.MaxLength)
        {
            throw new CheckpointException($"{Path}: a part of {length} bytes is wanted at once; at most {Array.MaxLength} can be read.");
        }
    }
}
