using System.IO.MemoryMappedFiles;

namespace CtfService.Api.Uploads;

/// <summary>
/// The body of one upload, held once: in pages of its own, which take memory as bytes come and go back to the system when it is disposed of. A large managed
/// array would stay with the garbage collector for as long as that likes.
/// </summary>
/// <param name="capacity">Most bytes it can have.</param>
/// <param name="released">Called once.</param>
internal sealed class Upload(long capacity, Action released) : IDisposable
{
    private MemoryMappedFile? _pages;
    private MemoryMappedViewStream? _content; // null for no bytes
    private int _isDisposed;

    /// <summary>Null for a request that is no upload.</summary>
    public static Upload? Of(HttpContext http) => http.Features.Get<Upload>();

    /// <summary>Receives everything. What it returns can be read again from any place, until the upload is disposed of.</summary>
    /// <exception cref="NotSupportedException">The source has more bytes than the capacity.</exception>
    public async Task<Stream> ReceiveAsync(Stream source, CancellationToken cancellation)
    {
        _pages = MemoryMappedFile.CreateNew(mapName: null, Math.Max(1, capacity));
        long length;
        await using (var writing = _pages.CreateViewStream(0, Math.Max(1, capacity), MemoryMappedFileAccess.ReadWrite))
        {
            await source.CopyToAsync(writing, cancellation);
            length = writing.Position;
        }

        _content = length == 0 ? null : _pages.CreateViewStream(0, length, MemoryMappedFileAccess.Read);
        return _content ?? Stream.Null;
    }

    /// <summary>Shows all bytes at once, without a copy. After they have been received.</summary>
    public unsafe TResult Read<TResult>(Func<ReadOnlySpan<byte>, TResult> look)
    {
        if (_content is null)
        {
            return look([]);
        }

        byte* start = null;
        _content.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        try
        {
            return look(new ReadOnlySpan<byte>(start + _content.PointerOffset, (int)_content.Length));
        }
        finally
        {
            _content.SafeMemoryMappedViewHandle.ReleasePointer();
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            _content?.Dispose();
            _pages?.Dispose();
            released();
        }
    }
}
