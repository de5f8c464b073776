using System.Net.Http.Json;
using System.Text.Json.Nodes;
using CtfService.LoadGenerator.Requests;
using CtfService.Model.Imaging;

namespace CtfService.LoadGenerator.Sending;

/// <summary>Takes what requests are made of from the service, and draws the expected images: every request once, alone.</summary>
public static class CatalogPreparation
{
    private static readonly TimeSpan DrawTimeout = TimeSpan.FromMinutes(2);

    /// <param name="target">Gives layout and picture, and the expected images unless another service does.</param>
    /// <param name="reference">A service with the same model, element type and processor features that draws the expected images; null for the target.</param>
    /// <param name="distinct">Distinct requests with images.</param>
    /// <exception cref="InvalidDataException">The service did not answer as it should.</exception>
    /// <exception cref="HttpRequestException">The service cannot be reached.</exception>
    public static async Task<RequestCatalog> RunAsync(
        LoadTarget target, LoadTarget? reference, TrafficMix mix, int distinct, ulong seed, CancellationToken cancellation)
    {
        using var client = target.CreateClient();
        var requests = RequestCatalog.Create(mix, await IngredientsAsync(client, seed, cancellation), distinct, seed);
        using var other = (reference ?? target).CreateClient();
        var sender = new RequestSender(other, DrawTimeout);
        var complete = new List<LoadRequest>();
        foreach (var request in requests)
        {
            complete.Add(request.DrawsImages ? request with { Expected = await sender.DrawAsync(request, cancellation) } : request);
        }

        return new RequestCatalog(mix, complete);
    }

    private static async Task<Ingredients> IngredientsAsync(HttpClient client, ulong seed, CancellationToken cancellation)
    {
        var classes = Read(await client.GetFromJsonAsync<JsonNode>("/v1/classes", cancellation), list => list["data"]!.AsArray().Count);
        var drawnClass = (int)(seed % (ulong)classes);
        var drawing = new JsonObject { ["class_label"] = drawnClass, ["seed"] = seed, ["include"] = new JsonArray("layout") };
        using var response = await client.PostAsJsonAsync("/v1/images/generations", drawing, cancellation);
        response.EnsureSuccessStatusCode();
        var image = Read(await response.Content.ReadFromJsonAsync<JsonNode>(cancellation), answer => answer["data"]![0]!);
        var picture = Read(image, found => Convert.FromBase64String((string)found["b64_json"]!));
        var (width, height) = ImageCodec.ReadHeader(picture);
        var layout = Read(image, found => found["layout"]!.AsArray().Select(label => (int)label!).ToList());
        return new(classes, drawnClass, layout, picture, MaskFile.Of(width, height));
    }

    private static T Read<T>(JsonNode? answer, Func<JsonNode, T> read)
    {
        try
        {
            return read(answer!);
        }
        catch (Exception unreadable) when (unreadable is NullReferenceException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"The address does not answer as this service does: {answer?.ToJsonString()}", unreadable);
        }
    }
}
