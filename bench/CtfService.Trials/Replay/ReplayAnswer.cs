using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace CtfService.Trials.Replay;

/// <summary>What a request got, as hashes: the labels and tokens of its images, and their files.</summary>
internal sealed record ReplayAnswer(string Tokens, string Files)
{
    /// <summary>Sends a request, again while the queue is full.</summary>
    /// <exception cref="InvalidOperationException">It was not answered with images.</exception>
    public static async Task<ReplayAnswer> GetAsync(HttpClient service, ReplayRequest request, CancellationToken cancellation)
    {
        while (true)
        {
            using var message = request.ToMessage();
            using var response = await service.SendAsync(message, cancellation);
            var body = await response.Content.ReadAsByteArrayAsync(cancellation);
            switch (response.StatusCode)
            {
                case HttpStatusCode.OK:
                    return Of(body);
                case HttpStatusCode.TooManyRequests when response.Headers.RetryAfter?.Delta is { } wait:
                    await Task.Delay(wait, TimeProvider.System, cancellation);
                    break;
                default:
                    throw new InvalidOperationException($"{request} was answered with {(int)response.StatusCode}: {Encoding.UTF8.GetString(body)}");
            }
        }
    }

    private static ReplayAnswer Of(byte[] body)
    {
        using var answer = JsonDocument.Parse(body);
        using var tokens = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var files = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var image in answer.RootElement.GetProperty("data").EnumerateArray())
        {
            tokens.AppendData(Encoding.ASCII.GetBytes(image.GetProperty("layout").GetRawText() + image.GetProperty("tokens").GetRawText()));
            files.AppendData(image.GetProperty("b64_json").GetBytesFromBase64());
        }

        return new(Convert.ToHexString(tokens.GetHashAndReset()), Convert.ToHexString(files.GetHashAndReset()));
    }
}
