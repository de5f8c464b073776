using System.Security.Cryptography;
using System.Text;
using CtfService.Api.Bodies;
using CtfService.Api.Errors;
using CtfService.Jobs.Files;
using Microsoft.Net.Http.Headers;

namespace CtfService.Api.Responses;

/// <summary>
/// Downloads a file of the file store; every endpoint that serves stored files uses it. Supports HEAD, Range, If-Range, ETag and If-None-Match, streams, and
/// allows a slow client any time as long as it keeps reading.
/// </summary>
internal sealed class StoredFileResult : IResult
{
    /// <summary>Files belong to a key, so shared caches must not keep them; others ask whether the file still exists.</summary>
    private static readonly string Caching = new CacheControlHeaderValue { Private = true, NoCache = true }.ToString();

    private readonly IFileStore _store;
    private readonly StoredFile _file;
    private readonly string _downloadName;

    private StoredFileResult(IFileStore store, StoredFile file, string downloadName)
    {
        _store = store;
        _file = file;
        _downloadName = downloadName;
    }

    /// <summary>Returns null if the store has no such file.</summary>
    /// <param name="name">Name in the store.</param>
    /// <param name="downloadName">Name that the client should give the file. It may contain anything; its ending chooses the media type.</param>
    public static async Task<StoredFileResult?> FindAsync(IFileStore store, string name, string downloadName, CancellationToken cancellation) =>
        await store.FindAsync(name, cancellation) is { } file ? new StoredFileResult(store, file, downloadName) : null;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.Headers.CacheControl = Caching;
        if (HeadRequests.IsHead(httpContext))
        {
            httpContext.Request.Method = HttpMethods.Head; // so that nothing is read from the store
        }

        if (!httpContext.Request.Headers.Range.ToString().StartsWith("bytes=", StringComparison.OrdinalIgnoreCase))
        {
            httpContext.Request.Headers.Remove(HeaderNames.Range); // other units are ignored (RFC 9110, 14.2); the framework takes them for bytes
        }

        await using var content = new StoredFileStream(_store, _file, Sending.Of(httpContext));
        await Results.Stream(
            content, FileMediaTypes.Of(_downloadName), _downloadName, _file.WrittenAt, ETag(_file), enableRangeProcessing: true).ExecuteAsync(httpContext);
        await DescribeErrorAsync(httpContext);
    }

    /// <summary>Adds a body to 412 and 416, which the framework sends without one.</summary>
    private static async Task DescribeErrorAsync(HttpContext http)
    {
        if (http.Response.StatusCode < StatusCodes.Status400BadRequest || http.Response.HasStarted)
        {
            return;
        }

        http.Response.Headers.Remove(HeaderNames.ContentDisposition);
        http.Response.ContentLength = null;
        await http.RequestServices.GetRequiredService<ErrorWriter>().WriteAsync(http, StatusErrors.Describe(http.Response.StatusCode));
    }

    /// <summary>
    /// A stored file never changes. The time differs if it was deleted and written again, possibly with other bytes. Hashed, because the name is internal.
    /// </summary>
    private static EntityTagHeaderValue ETag(StoredFile file)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{file.Name} {file.Length} {file.WrittenAt.UtcTicks}"));
        return new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(hash.AsSpan(0, 16))}\"");
    }
}
