using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;

namespace CtfService.Api.Studio;

/// <summary>
/// A file of the page in memory. Its ETag is the hash of its content: the dates of files, from which ASP.NET Core makes ETags, are all equal in a container.
/// Compressed when it is first asked for. Thread-safe.
/// </summary>
internal sealed class StudioFile
{
    /// <summary>Compression of a smaller file saves no packet.</summary>
    private const int MinCompressedBytes = 1_024;

    private readonly StudioBody _plain;
    private readonly Lazy<StudioBody>? _brotli;
    private readonly Lazy<StudioBody>? _gzip;

    /// <param name="mediaType">With the charset if it is text.</param>
    public StudioFile(string mediaType, byte[] content)
    {
        MediaType = mediaType;
        var hash = Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 16));
        _plain = new StudioBody(content, Encoding: null, Tag(hash));
        if (content.Length >= MinCompressedBytes && StudioMediaTypes.IsText(mediaType))
        {
            _brotli = new Lazy<StudioBody>(() => new StudioBody(
                Compressed(content, into => new BrotliStream(into, CompressionLevel.SmallestSize)), "br", Tag($"{hash}-br")));
            _gzip = new Lazy<StudioBody>(() => new StudioBody(
                Compressed(content, into => new GZipStream(into, CompressionLevel.SmallestSize)), "gzip", Tag($"{hash}-gzip")));
        }
    }

    public string MediaType { get; }

    /// <summary>Returns the smallest body that the client accepts.</summary>
    /// <param name="accepted">The header Accept-Encoding; null or empty if there is none.</param>
    public StudioBody For(IList<StringWithQualityHeaderValue>? accepted) =>
        _brotli is not null && Accepts(accepted, "br") ? _brotli.Value
        : _gzip is not null && Accepts(accepted, "gzip") ? _gzip.Value
        : _plain;

    private static bool Accepts(IList<StringWithQualityHeaderValue>? accepted, string encoding) =>
        (accepted?.FirstOrDefault(entry => entry.Value.Equals(encoding, StringComparison.OrdinalIgnoreCase))
            ?? accepted?.FirstOrDefault(entry => entry.Value == "*")) is { Quality: null or > 0 };

    private static byte[] Compressed(byte[] content, Func<Stream, Stream> compress)
    {
        using var compressed = new MemoryStream();
        using (var into = compress(compressed))
        {
            into.Write(content);
        }

        return compressed.ToArray();
    }

    private static EntityTagHeaderValue Tag(string value) => new($"\"{value}\"");
}

/// <summary>A file as it is sent.</summary>
/// <param name="Encoding">The value of Content-Encoding; null for none.</param>
internal sealed record StudioBody(byte[] Bytes, string? Encoding, EntityTagHeaderValue Tag);
