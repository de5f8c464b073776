using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text.Json;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;

namespace CtfService.EndToEnd.Tests.Switching;

/// <summary>A client that checks each response to the last pixel: every image must be exactly what the model named in the response draws.</summary>
internal sealed class SwitchClient(HttpClient http, IReadOnlyList<ModelImages> models, GeneratedImage template)
{
    /// <summary>Name of the model that served the request.</summary>
    public async Task<string> Ask(ImageOrder order) => order.Route switch
    {
        Route.Json => CheckJson(order, await Post("generations", Body(order))),
        Route.Redetail => CheckJson(order, await Post("redetail", Body(order))),
        Route.Variation => CheckJson(order, await Post("variations", Form(order))),
        Route.Stream => await CheckStream(order),
        _ => CheckFile(order, await Post("generations", Body(order), accept: "image/png")),
    };

    private string CheckJson(ImageOrder order, byte[] answer)
    {
        var json = JsonSerializer.Deserialize<JsonElement>(answer);
        var model = Find(json.GetProperty("model").GetString());
        var entries = json.GetProperty("data").EnumerateArray().ToList();
        Assert.All(entries, entry => Assert.Equal(model.Model.Classes.Find(order.Label)!.Id, entry.GetProperty("class_id").GetInt32()));
        CheckImages(order, model, [.. entries.Select(File)]);
        return model.Model.Name;
    }

    private string CheckFile(ImageOrder order, byte[] file)
    {
        var model = Find(ImageFile.FindProvenance(file)!.Model);
        var images = model.Images[order];
        RequireDrawnBy(model, file, images.Count == 1 ? images[0] : ContactSheet.Compose(images, ContactSheet.Columns(images.Count)));
        return model.Model.Name;
    }

    private async Task<string> CheckStream(ImageOrder order)
    {
        using var response = await Send("generations", Body(order));
        var (previews, files) = (new List<byte[]>(), new byte[order.Count][]);
        await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync())
        {
            if (item.EventType == "image_generation.partial_image")
            {
                previews.Add(File(JsonSerializer.Deserialize<JsonElement>(item.Data)));
            }
            else if (item.Data != "[DONE]")
            {
                Assert.Equal("image_generation.completed", item.EventType);
                var completed = JsonSerializer.Deserialize<JsonElement>(item.Data);
                files[completed.GetProperty("image_index").GetInt32()] = File(completed);
            }
        }

        var model = Find(ImageFile.FindProvenance(files[0])!.Model);
        Assert.Equal(2 * order.Count, previews.Count);
        Assert.All(previews, preview => Assert.Equal(model.Model.BundleHash, ImageFile.FindProvenance(preview)!.BundleHash));
        CheckImages(order, model, files);
        return model.Model.Name;
    }

    private static void CheckImages(ImageOrder order, ModelImages model, byte[][] files)
    {
        Assert.Equal(order.Count, files.Length);
        foreach (var (file, expected) in files.Zip(model.Images[order]))
        {
            RequireDrawnBy(model, file, expected);
        }
    }

    private static void RequireDrawnBy(ModelImages model, byte[] file, RgbImage expected)
    {
        var provenance = ImageFile.FindProvenance(file)!;
        Assert.Equal((model.Model.Name, model.Model.BundleHash), (provenance.Model, provenance.BundleHash));
        Assert.True(expected.Pixels.SequenceEqual(ImageCodec.Decode(file).Pixels), $"The image is not what {model.Model.Name} draws.");
    }

    private ModelImages Find(string? name) => models.Single(model => model.Model.Name == name);

    private StringContent Body(ImageOrder order) => new StringContent(
        JsonSerializer.Serialize(order.Route switch
        {
            Route.Redetail => new { class_label = order.Label, seed = order.Seed, n = order.Count, layout = template.CoarseLabels },
            Route.Stream => new { class_label = order.Label, seed = order.Seed, n = order.Count, stream = true, partial_images = 2 },
            _ => (object)new { class_label = order.Label, seed = order.Seed, n = order.Count },
        }),
        MediaTypeHeaderValue.Parse("application/json"));

    private MultipartFormDataContent Form(ImageOrder order) => new()
    {
        { new ByteArrayContent(ImageCodec.Encode(template.Image, ImageFormat.Png)), "image", "picture.png" },
        { new StringContent(order.Label), "class_label" },
        { new StringContent($"{order.Seed}"), "seed" },
        { new StringContent($"{order.Count}"), "n" },
    };

    private async Task<byte[]> Post(string route, HttpContent content, string accept = "application/json")
    {
        using var response = await Send(route, content, accept);
        return await response.Content.ReadAsByteArrayAsync();
    }

    private async Task<HttpResponseMessage> Send(string route, HttpContent content, string accept = "*/*")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/images/{route}") { Content = content };
        request.Headers.TryAddWithoutValidation("Accept", accept);
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        return response;
    }

    private static byte[] File(JsonElement entry) => entry.GetProperty("b64_json").GetBytesFromBase64();
}
