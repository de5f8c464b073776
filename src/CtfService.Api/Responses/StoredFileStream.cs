using CtfService.Api.Bodies;
using CtfService.Jobs.Files;

namespace CtfService.Api.Responses;

/// <summary>
/// A stored file as a seekable stream, opened at the first read and then window by window, so that the store sends little more than what is read. Not
/// thread-safe.
/// </summary>
/// <param name="sending">The client's time to read starts again with each part; null in a test without a host.</param>
internal sealed class StoredFileStream(IFileStore store, StoredFile file, Sending? sending) : Stream
{
    /// <summary>Bytes that are requested from the store at once.</summary>
    private const long Window = 8 << 20;

    private Stream? _window;
    private long _left; // of the window

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => file.Length;

    public override long Position { get; set; }

    /// <exception cref="FileStoreUnavailableException">The storage fails, or has lost the file.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        sending?.End(); // time spent in the store is not the client's
        var count = await ReadFromStoreAsync(buffer, cancellationToken);
        sending?.Begin();
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin)
    {
        _left = 0; // the next read opens another window
        return Position = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => Position + offset,
            _ => Length + offset,
        };
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Files are read asynchronously.");

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        if (_window is not null)
        {
            await _window.DisposeAsync();
        }

        await base.DisposeAsync();
    }

    private async Task<int> ReadFromStoreAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        if (Position >= Length || buffer.IsEmpty)
        {
            return 0;
        }

        if (_left == 0)
        {
            await OpenAsync(cancellation);
        }

        var count = await _window!.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _left)], cancellation);
        _left -= count;
        Position += count;
        return count;
    }

    private async Task OpenAsync(CancellationToken cancellation)
    {
        if (_window is not null)
        {
            await _window.DisposeAsync();
        }

        _left = Math.Min(Window, Length - Position);
        _window = await store.OpenAsync(file.Name, Position, _left, cancellation)
            ?? throw new FileStoreUnavailableException($"The stored file '{file.Name}' was deleted while it was sent.");
    }
}
