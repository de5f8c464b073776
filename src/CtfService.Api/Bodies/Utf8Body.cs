using System.Text;
using CtfService.Api.Errors;

namespace CtfService.Api.Bodies;

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
