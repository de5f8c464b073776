using System.Text.Json;
using CtfService.Model.Imaging;
using Xunit.Abstractions;

namespace CtfService.EndToEnd.Tests;

/// <summary>Layouts of the shipped model: returned, drawn again, and taken from pictures.</summary>
[Collection(WatchedService.Name)]
public sealed class LayoutRoutesTests(WatchedService service, ITestOutputHelper output)
{
    [Fact]
    public async Task Redetail_ReturnedLayout_RepeatsEveryPixelAndVariesWithTheSeed()
    {
        var images = await service.Images(
            "/v1/images/generations", """{"class_label": "pineapple", "n": 3, "seed": 11, "include": ["layout", "tokens"]}""");
        var drawn = images[2];
        var layout = drawn.GetProperty("layout").GetRawText();
        var seed = drawn.GetProperty("seed").GetUInt64();

        var same = (await service.Images("/v1/images/redetail", Body(layout, seed)))[0];
        var other = (await service.Images("/v1/images/redetail", Body(layout, seed + 1)))[0];

        Assert.Equal(Pixels(drawn), Pixels(same)); // the files differ, because each names the source of its layout
        Assert.Equal(Ints(drawn, "tokens"), Ints(same, "tokens"));
        Assert.NotEqual(Ints(drawn, "tokens"), Ints(other, "tokens"));
        Assert.Equal(Ints(drawn, "layout"), Ints(other, "layout"));
    }

    [Theory]
    [InlineData("pineapple")]
    [InlineData("kiwi")]
    public async Task Vary_GeneratedImage_KeepsItsLayout(string label)
    {
        var drawn = await service.Images("/v1/images/generations", $$"""{"class_label": "{{label}}", "n": 2, "seed": 11, "include": ["layout"]}""");
        var file = drawn[0].GetProperty("b64_json").GetBytesFromBase64();
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(file), "image", "drawn.png" },
            { new StringContent(label), "class_label" },
            { new StringContent("layout"), "include" },
            { new StringContent("2"), "n" },
            { new StringContent("5"), "seed" },
        };

        var varied = await service.Images("/v1/images/variations", form);

        var kept = Kept(drawn[0], varied[0]);
        var byAccident = Kept(drawn[1], varied[0]);
        var (own, other) = (Difference(drawn[0], varied[0]), Difference(drawn[1], varied[0]));
        output.WriteLine($"{label}: the variation keeps {kept:P0} of the labels; another image has {byAccident:P0} of them.");
        output.WriteLine($"Mean absolute difference of the tokens' mean colours: {own:0.0}, to the other image {other:0.0}.");
        Assert.True(kept > byAccident + 0.3, $"The variation keeps {kept:P0} of the labels; another image has {byAccident:P0} of them.");
        Assert.True(own < other / 2, $"Mean absolute difference of the tokens' mean colours {own:0.0}, to another image {other:0.0}.");
        Assert.Equal(Ints(varied[0], "layout"), Ints(varied[1], "layout"));
        Assert.NotEqual(varied[0].GetProperty("b64_json").GetString(), varied[1].GetProperty("b64_json").GetString());
    }

    private static string Body(string layout, ulong seed) =>
        $$"""{"class_label": "pineapple", "layout": {{layout}}, "seed": {{seed}}, "include": ["layout", "tokens"]}""";

    private static int[] Ints(JsonElement image, string name) => image.GetProperty(name).Deserialize<int[]>()!;

    private static byte[] Pixels(JsonElement image) => ImageCodec.Decode(image.GetProperty("b64_json").GetBytesFromBase64()).Pixels;

    private static double Kept(JsonElement left, JsonElement right) => Ints(left, "layout").Zip(Ints(right, "layout"), (a, b) => a == b ? 1.0 : 0.0).Average();

    private static double Difference(JsonElement left, JsonElement right) => MeanColours(left).Zip(MeanColours(right), (a, b) => Math.Abs(a - b)).Average();

    /// <summary>The mean colour of the pixels of each token, which a layout fixes; details within the square are drawn anew.</summary>
    private static IEnumerable<double> MeanColours(JsonElement image)
    {
        const int Side = 8;
        var decoded = ImageCodec.Decode(image.GetProperty("b64_json").GetBytesFromBase64());
        return decoded.Pixels.Select((value, i) => (value, Key: (i % 3, i / 3 % decoded.Width / Side, i / 3 / decoded.Width / Side)))
            .GroupBy(pixel => pixel.Key, pixel => (double)pixel.value).OrderBy(square => square.Key).Select(square => square.Average());
    }
}
