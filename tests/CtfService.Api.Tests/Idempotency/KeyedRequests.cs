using System.Text;
using CtfService.Api.Contracts;

namespace CtfService.Api.Tests.Idempotency;

/// <summary>Requests for images with an Idempotency-Key.</summary>
internal static class KeyedRequests
{
    public static HttpRequestMessage Create(string key, string json, string? accept = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, TestApi.Images) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation(CustomHeaders.IdempotencyKey, key);
        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        return request;
    }

    public static Task<HttpResponseMessage> PostWithKey(this TestApi api, string key, string json, string? accept = null) =>
        api.Client.SendAsync(Create(key, json, accept));

    /// <summary>Counts the images that were drawn for requests without a seed. The image of the start has the seed 0.</summary>
    public static int Drawn(TestApi api) => api.Generator.Steps.SelectMany(step => step).Distinct().Count(image => image.Seed != 0);
}
