using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using CtfService.GeneratedClients.Kiota;
using CtfService.GeneratedClients.NSwag;
using Microsoft.Kiota.Abstractions.Authentication;
using Microsoft.Kiota.Http.HttpClientLibrary;
using KiotaRequest = CtfService.GeneratedClients.Kiota.Models.GenerateImageRequest;

namespace CtfService.EndToEnd.Tests.Clients;

/// <summary>Clients that NSwag and Kiota generate from docs/openapi.json draw random, seeded and streamed images with the running service.</summary>
[Collection(GuardedServiceCollection.Name)]
public sealed class GeneratedClientTests(GuardedService service) : IDisposable
{
    private const long Seed = 9_007_199_254_740_991; // the largest random seed; it needs more than 32 bits

    private readonly HttpClient _http = new()
    {
        BaseAddress = service.Client.BaseAddress,
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", GuardedService.Key) },
    };

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task NSwag_RandomAndSeeded_DrawTheRequestedClass()
    {
        var client = new NSwagClient(_http);
        Task<ImagesResponse> Draw(long? seed) =>
            client.GenerateImagesAsync(
                x_Request_Timeout: null, idempotency_Key: null, if_None_Match: null, new GenerateImageRequest { Class_label = "banana", Seed = seed });

        var (one, other) = (Assert.Single((await Draw(null)).Data), Assert.Single((await Draw(null)).Data));
        var (seeded, again) = (Assert.Single((await Draw(Seed)).Data), Assert.Single((await Draw(Seed)).Data));

        Assert.NotEqual(one.Seed, other.Seed);
        Assert.NotEqual(one.B64_json, other.B64_json);
        Assert.Equal(Seed, seeded.Seed);
        Assert.Equal(seeded.B64_json, again.B64_json);
        Assert.Equal(await Expected(), seeded.B64_json);
    }

    [Fact]
    public async Task NSwag_Stream_EndsWithTheSeededImage()
    {
        using var response = await _http.PostAsJsonAsync(
            "/v1/images/generations",
            new GenerateImageRequest { Class_label = "banana", Seed = Seed, Stream = true, Partial_images = 1 });

        var events = await Events(await response.Content.ReadAsStreamAsync());

        Assert.Equal(0, JsonSerializer.Deserialize<PartialImageEvent>(events[0])!.Partial_image_index);
        Assert.Equal(await Expected(), JsonSerializer.Deserialize<CompletedImageEvent>(events[1])!.B64_json);
    }

    [Fact]
    public async Task Kiota_RandomAndSeeded_DrawTheRequestedClass()
    {
        using var adapter = Adapter();
        var client = new KiotaClient(adapter);
        async Task<CtfService.GeneratedClients.Kiota.Models.ImageEntry> Draw(long? seed) =>
            Assert.Single((await client.V1.Images.Generations.PostAsync(new KiotaRequest { ClassLabel = "banana", Seed = seed }))!.Data!);

        var (one, other) = (await Draw(null), await Draw(null));
        var (seeded, again) = (await Draw(Seed), await Draw(Seed));

        Assert.NotEqual(one.Seed, other.Seed);
        Assert.NotEqual(one.B64Json, other.B64Json);
        Assert.Equal(Seed, seeded.Seed);
        Assert.Equal(seeded.B64Json, again.B64Json);
        Assert.Equal(await Expected(), seeded.B64Json);
    }

    [Fact]
    public async Task Kiota_Stream_EndsWithTheSeededImage()
    {
        using var adapter = Adapter();
        var asked = new KiotaClient(adapter).V1.Images.Generations.ToPostRequestInformation(
            new KiotaRequest { ClassLabel = "banana", Seed = Seed, Stream = true, PartialImages = 1 });

        await using var answer = (await adapter.SendPrimitiveAsync<Stream>(asked))!;
        var events = await Events(answer);

        Assert.Equal(2, events.Count);
        Assert.Equal(await Expected(), JsonSerializer.Deserialize<JsonElement>(events[1]).GetProperty("b64_json").GetBytesFromBase64());
    }

    private HttpClientRequestAdapter Adapter() =>
        new(new AnonymousAuthenticationProvider(), httpClient: _http) { BaseUrl = service.Client.BaseAddress!.ToString().TrimEnd('/') };

    /// <summary>Requests the same image without a generated client.</summary>
    private async Task<byte[]> Expected()
    {
        using var response = await _http.PostAsync("/v1/images/generations", WatchedService.Json($$"""{"class_label": "banana", "seed": {{Seed}}}"""));
        var answer = JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsStringAsync());
        return answer.GetProperty("data")[0].GetProperty("b64_json").GetBytesFromBase64();
    }

    private static async Task<IReadOnlyList<string>> Events(Stream answer)
    {
        var events = new List<string>();
        await foreach (var item in SseParser.Create(answer).EnumerateAsync())
        {
            events.AddRange(item.Data == "[DONE]" ? [] : [item.Data]);
        }

        return events;
    }
}
