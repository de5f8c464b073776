namespace CtfService.Gateway.Forwarding;

/// <summary>A body whose beginning is in memory and whose rest comes from the client. Not thread-safe.</summary>
/// <param name="rest">What follows the beginning; null if nothing does.</param>
internal sealed class BodyStream(ReadOnlyMemory<byte> beginning, Stream? rest) : Stream
{
    private int _position;
    private bool _isRestRead;

    /// <summary>Whether any of it was read since the last rewinding, so that a replica may have received it.</summary>
    public bool WasRead { get; private set; }

    /// <summary>Whether all of it is in memory.</summary>
    public bool IsWhole => rest is null;

    /// <summary>Whether it can be sent from its start.</summary>
    public bool CanRewind => !_isRestRead;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public void Rewind() => (_position, WasRead) = (0, false);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        WasRead = true;
        var count = Math.Min(buffer.Length, beginning.Length - _position);
        if (count > 0)
        {
            beginning.Slice(_position, count).CopyTo(buffer);
            _position += count;
            return count;
        }

        if (rest is null)
        {
            return 0;
        }

        _isRestRead = true;
        return await rest.ReadAsync(buffer, cancellationToken);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read asynchronously.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
