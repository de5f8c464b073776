namespace CtfService.Jobs.Files;

/// <summary>What a reader gets: exactly the bytes asked for, forward only. A file that ends early is an error of the storage.</summary>
/// <param name="length">Number of bytes to read.</param>
internal sealed class ReadingStream(Stream file, long length, Func<Exception, FileStoreUnavailableException> describe) : Stream
{
    private long _read;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => _read;
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var wanted = Wanted(buffer.Length);
        try
        {
            return Count(wanted == 0 ? 0 : await file.ReadAsync(buffer[..wanted], cancellationToken), wanted);
        }
        catch (Exception error) when (StorageErrors.IsOfStorage(error))
        {
            throw describe(error);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(Span<byte> buffer)
    {
        var wanted = Wanted(buffer.Length);
        try
        {
            return Count(wanted == 0 ? 0 : file.Read(buffer[..wanted]), wanted);
        }
        catch (Exception error) when (StorageErrors.IsOfStorage(error))
        {
            throw describe(error);
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            file.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Wanted(int room) => (int)Math.Min(room, length - _read);

    private int Count(int count, int wanted)
    {
        if (count == 0 && wanted > 0)
        {
            throw new EndOfStreamException($"The stored file ends {length - _read} bytes early; it was truncated by something else than this service.");
        }

        _read += count;
        return count;
    }
}
