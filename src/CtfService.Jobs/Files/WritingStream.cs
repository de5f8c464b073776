namespace CtfService.Jobs.Files;

/// <summary>
/// What a writer gets: a forward-only stream. Errors of the storage become <see cref="FileStoreUnavailableException"/>, which distinguishes them from errors of
/// what is written, such as an upload that breaks off.
/// </summary>
internal sealed class WritingStream(Stream file, Func<Exception, FileStoreUnavailableException> describe) : Stream
{
    private long _written;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _written;

    public override long Position
    {
        get => _written;
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            await file.WriteAsync(buffer, cancellationToken);
            _written += buffer.Length;
        }
        catch (Exception error) when (StorageErrors.IsOfStorage(error))
        {
            throw describe(error);
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            file.Write(buffer);
            _written += buffer.Length;
        }
        catch (Exception error) when (StorageErrors.IsOfStorage(error))
        {
            throw describe(error);
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <summary>Does nothing: the store flushes once, at the end.</summary>
    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
