using System.Text;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using Microsoft.Net.Http.Headers;

namespace CtfService.Api.Bodies;

/// <summary>
/// Requires uncompressed bodies, and JSON in UTF-8 (RFC 8259, 8.1). By itself, the framework reports compressed bodies as invalid JSON and invalid bytes as
/// a wrong type, and fails on an unknown charset.
/// </summary>
internal static class PlainBodies
{
    private const string Utf8 = "utf-8";

    internal static readonly ApiError WrongCharset = new(
        StatusCodes.Status415UnsupportedMediaType,
        "The body must be UTF-8. Send the header Content-Type without a charset, or with charset=utf-8.",
        "unsupported_charset");

    internal static ApiError Encoded(string encoding) => new(
        StatusCodes.Status415UnsupportedMediaType,
        $"Content-Encoding '{encoding}' is not supported; expected an uncompressed body. Send it without the header Content-Encoding.",
        "unsupported_encoding");

    /// <summary>Error for gzip data without a Content-Encoding header.</summary>
    internal static readonly ApiError Gzipped = new(
        StatusCodes.Status415UnsupportedMediaType,
        "The body is compressed with gzip; expected uncompressed JSON. Send it uncompressed.",
        "unsupported_encoding");

    public static void UsePlainBodies(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        if (Problem(context.Request) is { } problem)
        {
            context.Response.Headers.AcceptEncoding = "identity"; // RFC 9110, 15.5.16
            return context.RequestServices.GetRequiredService<ErrorWriter>().WriteAsync(context, problem);
        }

        if (ContentTypes.Is(context.Request, MediaTypes.Json))
        {
            context.Request.Body = new Utf8Body(context.Request.Body);
        }

        return next(context);
    });

    /// <summary>Returns null if the body can be read. Removes quotes from the charset, which the framework does not expect.</summary>
    private static ApiError? Problem(HttpRequest request)
    {
        if (string.Join(", ", request.Headers.ContentEncoding.OfType<string>()) is { Length: > 0 } encoding
            && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            return Encoded(encoding);
        }

        // A malformed media type is refused later, because no endpoint accepts it.
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !type.Charset.HasValue)
        {
            return null;
        }

        if (!HeaderUtilities.RemoveQuotes(type.Charset).Equals(Utf8, StringComparison.OrdinalIgnoreCase))
        {
            return WrongCharset;
        }

        type.Charset = Utf8;
        request.ContentType = type.ToString();
        return null;
    }
}

/// <summary>A request body that must be UTF-8: reading fails at the first invalid byte. Not thread-safe.</summary>
internal sealed class Utf8Body(Stream body) : BodyStream
{
    private static ReadOnlySpan<byte> GzipStart => [0x1F, 0x8B]; // RFC 1952, 2.3.1: UTF-8 text cannot start like this

    private readonly Decoder _decoder = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetDecoder();
    private long _read;
    private byte _first;

    /// <exception cref="RequestRefusedException">The bytes are compressed, or not UTF-8.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await body.ReadAsync(buffer, cancellationToken);
        Check(buffer.Span[..count], isEnd: count == 0 && buffer.Length > 0);
        return count;
    }

    private void Check(ReadOnlySpan<byte> bytes, bool isEnd)
    {
        _first = _read == 0 && bytes.Length > 0 ? bytes[0] : _first;
        try
        {
            _decoder.GetChars(bytes, new char[bytes.Length + 2], flush: isEnd);
            _read += bytes.Length;
        }
        catch (DecoderFallbackException invalid)
            when (_first == GzipStart[0] && _read + invalid.Index == 1 && invalid.BytesUnknown?.FirstOrDefault() == GzipStart[1])
        {
            throw new RequestRefusedException(PlainBodies.Gzipped);
        }
        catch (DecoderFallbackException invalid)
        {
            var first = invalid.BytesUnknown is { Length: > 0 } unknown ? $" (0x{unknown[0]:X2})" : "";
            throw RequestRefusedException.For(
                param: null,
                "invalid_utf8",
                $"The body is not valid UTF-8: byte {_read + invalid.Index + 1}{first} does not belong to a character. Encode the JSON as UTF-8.");
        }
    }
}
