using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using CtfService.Inference.Status;
using CtfService.Model.Imaging;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.EndToEnd.Tests;

/// <summary>The service with the shipped model, over HTTP.</summary>
public sealed class ServiceTests(ServiceTests.Service service) : IClassFixture<ServiceTests.Service>
{
    [Fact]
    public async Task Generations_BananaAsPngTwice_ReturnsTheSameImage()
    {
        var client = await service.ReadyClient();

        var first = await Png(client, """{"class_label":"banana","seed":7}""");
        var second = await Png(client, """{"class_label":"banana","seed":7}""");
        var other = await Png(client, """{"class_label":"banana","seed":8}""");

        var image = ImageCodec.Decode(first);
        Assert.Equal((64, 64), (image.Width, image.Height));
        Assert.Equal(first, second);
        Assert.NotEqual(first, other);
    }

    [Fact]
    public async Task Generations_SeveralImages_AreReproducedOneByOneFromTheirSeeds()
    {
        var client = await service.ReadyClient();

        var together = await Generate(client, """{"class_label":"pineapple","n":3,"seed":11}""");
        var last = together[2];
        var alone = await Generate(client, $$"""{"class_label":"pineapple","seed":{{last.GetProperty("seed").GetUInt64()}}}""");

        Assert.Equal(last.GetProperty("b64_json").GetString(), alone[0].GetProperty("b64_json").GetString());
    }

    private static async Task<byte[]> Png(HttpClient client, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/images/generations") { Content = Json(body) };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("image/png"));
        var response = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsByteArrayAsync();
    }

    private static async Task<JsonElement[]> Generate(HttpClient client, string body)
    {
        var response = await client.PostAsync("/v1/images/generations", Json(body));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        return [.. answer.GetProperty("data").EnumerateArray()];
    }

    private static StringContent Json(string body) => new(body, MediaTypeHeaderValue.Parse("application/json"));

    /// <summary>The host that all tests of the class share.</summary>
    public sealed class Service : WebApplicationFactory<Program>
    {
        public async Task<HttpClient> ReadyClient()
        {
            var client = CreateClient();
            await Services.GetRequiredService<IModelStatus>().LoadingEnded;
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/ready")).StatusCode);
            return client;
        }
    }
}
