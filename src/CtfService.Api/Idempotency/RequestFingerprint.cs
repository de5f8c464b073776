using System.Security.Cryptography;
using System.Text;
using CtfService.Api.Bodies;
using Microsoft.Net.Http.Headers;

namespace CtfService.Api.Idempotency;

/// <summary>Computes a fingerprint that identifies repeated requests.</summary>
internal static class RequestFingerprint
{
    /// <summary>
    /// Returns a hash of the path, the body and the headers that affect the response. Buffers the body in memory for the endpoint; uploads are already
    /// buffered.
    /// </summary>
    /// <exception cref="BadHttpRequestException">The body is too large or ends early.</exception>
    public static async Task<string> Of(HttpRequest request, CancellationToken cancellation)
    {
        if (Upload.Of(request.HttpContext) is { } upload)
        {
            return upload.Read(body => Of(request, body));
        }

        var copy = new MemoryStream(); // grows with the received bytes, not with the announced length
        await request.Body.CopyToAsync(copy, cancellation);
        copy.Position = 0;
        request.Body = copy;
        return Of(request, copy.GetBuffer().AsSpan(0, (int)copy.Length));
    }

    private static string Of(HttpRequest request, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var isTyped = MediaTypeHeaderValue.TryParse(request.ContentType, out var contentType);
        string?[] texts =
        [
            request.Method,
            request.Path,
            request.QueryString.Value,
            isTyped ? contentType!.MediaType.Value : request.ContentType,
            request.Headers.Accept,
        ];
        foreach (var text in texts)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{text}\0"));
        }

        AppendBody(hash, body, isTyped ? contentType!.Boundary.Value : null);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Excludes the boundary of a form, which clients draw at random for each attempt.</summary>
    private static void AppendBody(IncrementalHash hash, ReadOnlySpan<byte> body, string? boundary)
    {
        var separator = Encoding.UTF8.GetBytes(HeaderUtilities.RemoveQuotes(boundary).Value ?? "");
        for (var end = 0; separator.Length > 0 && (end = body.IndexOf(separator)) >= 0; body = body[(end + separator.Length)..])
        {
            hash.AppendData(body[..end]);
            hash.AppendData([0]);
        }

        hash.AppendData(body);
    }
}
