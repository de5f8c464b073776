using System.Text.Json;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using Xunit.Abstractions;

namespace CtfService.EndToEnd.Tests.Clients;

/// <summary>The official OpenAI client for JavaScript works with the running service, given only its address and a key.</summary>
[Collection(GuardedServiceCollection.Name)]
public sealed class OpenAiClientTests(GuardedService service, ITestOutputHelper output)
{
    [OpenAiFact]
    public async Task Generate_PromptAndFieldsOfOpenAi_ReturnsImagesOfTheClass()
    {
        var found = await OpenAiScripts.RunAsync("generate.mjs", service);

        Assert.Equal("banana", Assert.Single(Data(found, "plain")).GetProperty("class_label").GetString());
        Assert.All(Data(found, "plain"), AssertIsModelSized);
        Assert.Equal(2, Data(found, "alias").Length);
        Assert.All(Data(found, "alias"), AssertIsModelSized);
        Assert.Equal("webp", found.GetProperty("alias").GetProperty("output_format").GetString());
        Assert.All(Data(found, "alias"), image => Assert.Equal("RIFF"u8, File(image).AsSpan(0, 4)));
        Assert.Equal("64x64", found.GetProperty("named").GetProperty("size").GetString());
        Assert.Equal(File(Data(found, "named")[1]), File(Data(found, "again")[0]));
    }

    [OpenAiFact]
    public async Task Stream_ThreePartialImages_ArriveWhileTheImageIsDrawn()
    {
        var found = await OpenAiScripts.RunAsync("stream.mjs", service);

        JsonElement[] events = [.. found.GetProperty("events").EnumerateArray()];
        string[] expected = [.. Enumerable.Repeat("image_generation.partial_image", 3), "image_generation.completed"];
        Assert.Equal(expected, events.Select(item => item.GetProperty("type").GetString()));
        Assert.Equal([0, 1, 2], events.SkipLast(1).Select(item => item.GetProperty("partial_image_index").GetInt32()));
        Assert.All(events, AssertIsModelSized);
        Assert.Equal(found.GetProperty("whole").GetBytesFromBase64(), File(events[^1]));
        var arrivals = events.Select(item => item.GetProperty("arrived_ms").GetDouble()).ToList();
        output.WriteLine($"Arrived after {string.Join(", ", arrivals.Select(time => $"{time:0} ms"))}.");
        Assert.Equal(arrivals.Order(), arrivals);
    }

    [OpenAiFact]
    public async Task CreateVariation_UploadedPng_ReturnsTwoSimilarImages()
    {
        var found = await OpenAiScripts.RunAsync("variation.mjs", service);

        var original = ImageCodec.Decode(found.GetProperty("original").GetBytesFromBase64());
        var variations = Data(found, "variations").Select(image => ImageCodec.Decode(File(image))).ToList();
        Assert.Equal(2, variations.Count);
        Assert.NotEqual(variations[0].Pixels, variations[1].Pixels);
        Assert.All(variations, variation => Assert.InRange(MeanDifference(original, variation), 0.5, 32)); // new details, of 255, in the same layout
    }

    [OpenAiFact]
    public async Task Edit_WithMaskWithoutMaskAndAsAStream_KeepsTheRestOfThePicture()
    {
        var found = await OpenAiScripts.RunAsync("edit.mjs", service);

        var original = ImageCodec.Decode(found.GetProperty("original").GetBytesFromBase64());
        var masked = Data(found, "masked").Select(image => ImageCodec.Decode(File(image))).ToList();
        Assert.Equal(2, masked.Count);
        Assert.All(masked, image => Assert.Equal(Half(original, isRight: true), Half(image, isRight: true)));
        Assert.All(masked, image => Assert.NotEqual(Half(original, isRight: false), Half(image, isRight: false)));
        Assert.All(Data(found, "masked"), image => Assert.Equal("banana", image.GetProperty("class_label").GetString()));
        Assert.Equal(File(Data(found, "masked")[0]), File(Data(found, "listed")[0]));
        JsonElement[] events = [.. found.GetProperty("events").EnumerateArray()];
        Assert.Equal(
            ["image_edit.partial_image", "image_edit.partial_image", "image_edit.completed"], events.Select(item => item.GetProperty("type").GetString()));
        var extended = ImageCodec.Decode(File(events[^1]));
        var inner = Enumerable.Range(0, 64 * 64).Where(place => place % 64 is >= 16 and < 48 && place / 64 is >= 16 and < 48);
        Assert.All(inner, place => Assert.Equal(new byte[3], extended.Pixels[(place * 3)..((place * 3) + 3)]));
        Assert.Equal(
            [("duplicate_field", "image"), ("mask_required", "mask"), ("mask_size_mismatch", "mask"), ("unknown_class", "prompt")],
            ((string[])["two", "opaque", "size", "prompt"]).Select(name =>
                (found.GetProperty(name).GetProperty("code").GetString(), found.GetProperty(name).GetProperty("param").GetString())));
    }

    [OpenAiFact]
    public async Task Models_ListAndRetrieve_NameTheModelAndItsAlias()
    {
        var found = await OpenAiScripts.RunAsync("models.mjs", service);

        var listed = Assert.Single(found.GetProperty("listed").EnumerateArray());
        Assert.Equal("fruits-64", listed.GetProperty("id").GetString());
        Assert.Equal("fruits-64", found.GetProperty("byName").GetProperty("id").GetString());
        Assert.Equal(GuardedService.Alias, Assert.Single(found.GetProperty("byAlias").GetProperty("aliases").EnumerateArray()).GetString());
    }

    [OpenAiFact]
    public async Task Errors_OfEveryKind_BecomeTheClientsOwnErrorClasses()
    {
        var found = await OpenAiScripts.RunAsync("errors.mjs", service);

        var seen = found.EnumerateObject().ToDictionary(mistake => mistake.Name, mistake => (
            mistake.Value.GetProperty("error").GetString(), mistake.Value.GetProperty("code").GetString(), mistake.Value.GetProperty("param").GetString()));
        Assert.Equal(
            new Dictionary<string, (string?, string?, string?)>
            {
                ["prompt"] = ("BadRequestError", "unknown_class", "prompt"),
                ["size"] = ("BadRequestError", "unsupported_value", "size"),
                ["number"] = ("BadRequestError", "out_of_range", "n"),
                ["url"] = ("BadRequestError", "unsupported_value", "response_format"),
                ["style"] = ("BadRequestError", "unsupported_value", "style"),
                ["model"] = ("BadRequestError", "model_not_found", "model"),
                ["stream"] = ("BadRequestError", "out_of_range", "partial_images"),
                ["upload"] = ("BadRequestError", "invalid_image", "image"),
                ["deadline"] = ("RateLimitError", "deadline_too_short", null),
                ["modelPage"] = ("NotFoundError", "model_not_found", "id"),
                ["route"] = ("NotFoundError", "unknown_route", null),
                ["key"] = ("AuthenticationError", "invalid_api_key", null),
            },
            seen);
        Assert.All(found.EnumerateObject(), mistake => Assert.NotEmpty(mistake.Value.GetProperty("requestId").GetString()!));
        Assert.Contains("'64x64'", found.GetProperty("size").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [OpenAiFact]
    public async Task Limits_QueueIsFull_ClientWithoutRetriesIsRejectedAndClientWithRetriesIsServed()
    {
        var found = await OpenAiScripts.RunAsync("limits.mjs", service);

        var refused = found.GetProperty("refused");
        Assert.Equal(("RateLimitError", "queue_share_full"), (refused.GetProperty("error").GetString(), refused.GetProperty("code").GetString()));
        Assert.InRange(int.Parse(refused.GetProperty("retryAfter").GetString()!, provider: null), 1, 60);
        Assert.Equal(Enumerable.Repeat("16", 6), found.GetProperty("served").EnumerateArray().Select(images => images.ToString()));
        var rate = found.GetProperty("rate");
        Assert.Equal(("RateLimitError", "rate_limit_exceeded"), (rate.GetProperty("error").GetString(), rate.GetProperty("code").GetString()));
        Assert.InRange(int.Parse(rate.GetProperty("retryAfter").GetString()!, provider: null), 1, 60);
    }

    [OpenAiFact]
    public async Task HangUp_TimeoutAbortAndBreak_StopTheGeneration()
    {
        var stepsBefore = service.Generator.Now.Steps;

        var found = await OpenAiScripts.RunAsync("hangup.mjs", service);
        var free = await service.Generator.When(now => now.Images == 0);

        Assert.Equal("APIConnectionTimeoutError", found.GetProperty("timeout").GetProperty("error").GetString());
        Assert.Equal("APIUserAbortError", found.GetProperty("abort").GetProperty("error").GetString());
        Assert.Equal(1, found.GetProperty("seen").GetInt32());
        var stepsOfOne = 2 * 64; // 16 images with guidance run in two batches of 64 decode steps
        output.WriteLine($"{free.Steps - stepsBefore} steps; three requests that are served take {3 * stepsOfOne}.");
        Assert.InRange(free.Steps - stepsBefore, 1, 2 * stepsOfOne);
    }

    private static JsonElement[] Data(JsonElement found, string answer) => [.. found.GetProperty(answer).GetProperty("data").EnumerateArray()];

    private static byte[] File(JsonElement image) => image.GetProperty("b64_json").GetBytesFromBase64();

    private static void AssertIsModelSized(JsonElement image)
    {
        var decoded = ImageCodec.Decode(File(image));
        Assert.Equal((64, 64), (decoded.Width, decoded.Height));
    }

    /// <summary>The pixels of the left or the right half.</summary>
    private static byte[] Half(RgbImage image, bool isRight) =>
        [.. image.Pixels.Where((_, value) => (value / 3 % image.Width >= image.Width / 2) == isRight)];

    private static double MeanDifference(RgbImage one, RgbImage other) => one.Pixels.Zip(other.Pixels, (a, b) => Math.Abs(a - b)).Average();
}
