using System.IO.MemoryMappedFiles;

namespace CtfService.Api.Bodies;

/// <summary>
/// The body of one upload, held once, in its own memory pages, which are allocated as bytes arrive and returned to the system on disposal. A large managed
/// array would stay on the heap for an indefinite time.
/// </summary>
/// <param name="capacity">Maximum number of bytes.</param>
/// <param name="released">Releases the reserved capacity; called once.</param>
internal sealed class Upload(long capacity, Action released) : IDisposable
{
    private MemoryMappedFile? _pages;
    private MemoryMappedViewStream? _content; // null if empty
    private int _isDisposed;

    /// <summary>Returns the upload of the current request; null if it is not an upload.</summary>
    public static Upload? Of(HttpContext http) => http.Features.Get<Upload>();

    /// <summary>Receives the whole source. The returned stream is seekable and valid until the upload is disposed.</summary>
    /// <exception cref="NotSupportedException">The source exceeds the capacity.</exception>
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

    /// <summary>Gives access to all received bytes without a copy.</summary>
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
