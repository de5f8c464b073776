using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;

namespace CtfService.Trials.Images;

/// <summary>A request for one image.</summary>
internal sealed record ImageRequest(int ClassLabel, ulong Seed)
{
    private static readonly Uri Generations = new("/v1/images/generations", UriKind.Relative);

    public HttpRequestMessage ToMessage()
    {
        var body = JsonContent.Create(new { class_label = ClassLabel, seed = Seed });
        var request = new HttpRequestMessage(HttpMethod.Post, Generations) { Content = body };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("image/png"));
        return request;
    }

    /// <summary>Returns the status and the body.</summary>
    /// <exception cref="HttpRequestException">No answer, or half of one.</exception>
    public async Task<ImageAnswer> SendAsync(HttpClient client, CancellationToken cancellation)
    {
        using var request = ToMessage();
        using var response = await client.SendAsync(request, cancellation);
        return new(response.StatusCode, response.Headers.RetryAfter?.Delta, await response.Content.ReadAsByteArrayAsync(cancellation));
    }
}

/// <param name="RetryAfter">From the header of that name; null if there is none.</param>
internal sealed record ImageAnswer(HttpStatusCode Status, TimeSpan? RetryAfter, byte[] Body);
