using System.Security.Cryptography;
using System.Text;

namespace CtfService.Jobs.Webhooks;

/// <summary>
/// Signs webhooks as the Standard Webhooks specification says, which OpenAI's clients verify:
/// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md.
/// </summary>
internal static class WebhookSignature
{
    public const string IdHeader = "webhook-id";

    public const string TimestampHeader = "webhook-timestamp";

    public const string SignatureHeader = "webhook-signature";

    /// <summary>Marks a secret that is the key in base64; any other secret is the key itself.</summary>
    private const string EncodedMark = "whsec_";

    /// <summary>Returns the value of the header <see cref="SignatureHeader"/>.</summary>
    /// <param name="timestamp">Time of the attempt, seconds since 1970.</param>
    public static string Of(string secret, string id, long timestamp, ReadOnlySpan<byte> body)
    {
        byte[] signed = [.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body];
        return $"v1,{Convert.ToBase64String(HMACSHA256.HashData(Key(secret), signed))}";
    }

    /// <summary>Returns false for a secret that is marked as base64 and is not.</summary>
    public static bool IsValid(string secret) =>
        !secret.StartsWith(EncodedMark, StringComparison.Ordinal) || Convert.TryFromBase64String(secret[EncodedMark.Length..], new byte[secret.Length], out _);

    private static byte[] Key(string secret) =>
        secret.StartsWith(EncodedMark, StringComparison.Ordinal) ? Convert.FromBase64String(secret[EncodedMark.Length..]) : Encoding.UTF8.GetBytes(secret);
}
