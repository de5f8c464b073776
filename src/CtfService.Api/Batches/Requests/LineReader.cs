namespace CtfService.Api.Batches.Requests;

/// <summary>
/// Reads a text of UTF-8 line by line in bounded memory. A line ends with LF or CRLF; a byte order mark at the start is skipped. Not thread-safe.
/// </summary>
/// <param name="maxLength">Longest line, bytes without its end.</param>
internal sealed class LineReader(Stream text, int maxLength)
{
    private const int FirstBuffer = 64 * 1_024;

    private byte[] _buffer = new byte[Math.Min(FirstBuffer, maxLength + 2)]; // two bytes for the end of the line
    private int _start;
    private int _end;
    private bool _isLast;

    /// <summary>Number of the line that <see cref="ReadAsync"/> returned last, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>Offset of that line in the text, bytes.</summary>
    public long Offset { get; private set; }

    /// <summary>Offset of the text after that line, bytes.</summary>
    public long NextOffset { get; private set; }

    /// <summary>True if that line is longer than allowed; its content is empty then.</summary>
    public bool IsTooLong { get; private set; }

    /// <summary>Returns the next line without its end, valid until the next call; null after the last line.</summary>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken cancellation)
    {
        (Offset, IsTooLong) = (NextOffset, false);
        for (var searched = _start; ;)
        {
            var found = _buffer.AsSpan(searched, _end - searched).IndexOf((byte)'\n');
            if (found >= 0)
            {
                return Take(searched + found, next: searched + found + 1);
            }

            if (_isLast)
            {
                return _start == _end && !IsTooLong ? default(ReadOnlyMemory<byte>?) : Take(_end, next: _end);
            }

            if (_end - _start == maxLength + 2)
            {
                IsTooLong = true; // forgets the part in memory and goes on to the end of the line
                Skip(_end - _start);
            }

            searched = _end - _start;
            await FillAsync(cancellation);
        }
    }

    private ReadOnlyMemory<byte> Take(int end, int next)
    {
        Number++;
        var line = _buffer.AsMemory(_start, end - _start);
        line = line.Span is [.., (byte)'\r'] ? line[..^1] : line;
        line = Number == 1 && line.Span.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? line[3..] : line;
        Skip(next - _start);
        IsTooLong |= line.Length > maxLength;
        return IsTooLong ? ReadOnlyMemory<byte>.Empty : line;
    }

    private void Skip(int count)
    {
        _start += count;
        NextOffset += count;
    }

    /// <summary>Moves what is left to the start of the buffer, makes room and reads.</summary>
    private async ValueTask FillAsync(CancellationToken cancellation)
    {
        var rest = _buffer.AsMemory(_start, _end - _start);
        var target = rest.Length < _buffer.Length ? _buffer : new byte[Math.Min(_buffer.Length * 2L, maxLength + 2L)];
        rest.CopyTo(target);
        (_buffer, _start, _end) = (target, 0, rest.Length);
        var read = await text.ReadAsync(_buffer.AsMemory(_end), cancellation);
        _isLast = read == 0;
        _end += read;
    }
}
