using System.Text.Json;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using CtfService.TestSupport;

namespace CtfService.EndToEnd.Tests;

/// <summary>Edits by the shipped model, over HTTP: what is kept, and what repeats.</summary>
[Collection(WatchedService.Name)]
public sealed class EditRoutesTests(WatchedService service)
{
    private const int Side = 64;

    /// <summary>A square that touches no border and does not follow the token grid.</summary>
    private static readonly byte[] Hole = PngPicture.Mask(Side, Side, IsHole);

    [Fact]
    public async Task Edit_Mask_KeepsAllOtherBytesAndTheTokensOfWholeSquares()
    {
        var original = await Drawn();

        var edits = await service.Images("/v1/images/edits", Form(original, Hole, ("n", "2"), ("include", "tokens"), ("include", "layout")));

        var before = ImageCodec.Decode(original);
        foreach (var edit in edits)
        {
            var after = ImageCodec.Decode(File(edit));
            Assert.All(Places().Where(place => !IsHole(place % Side, place / Side)), place => Assert.Equal(Pixel(before, place), Pixel(after, place)));
            Assert.Contains(Places(), place => !Pixel(before, place).SequenceEqual(Pixel(after, place)));
        }

        var kept = Enumerable.Range(0, 64).Where(cell => !Places().Any(place => CellOf(place) == cell && IsHole(place % Side, place / Side))).ToList();
        Assert.InRange(kept.Count, 1, 63);
        Assert.All(kept, cell => Assert.Equal(Ints(edits[0], "tokens")[cell], Ints(edits[1], "tokens")[cell]));
        Assert.NotEqual(Ints(edits[0], "tokens"), Ints(edits[1], "tokens"));
    }

    [Fact]
    public async Task Edit_AloneOrBesideOthers_HasTheSameBytes()
    {
        var original = await Drawn();
        var other = PngPicture.Mask(Side, Side, (_, y) => y > 40);

        var beside = await Task.WhenAll(
            service.Images("/v1/images/edits", Form(original, Hole, ("n", "3"), ("seed", "8"))),
            service.Images("/v1/images/edits", Form(original, other, ("n", "4"), ("seed", "9"))),
            service.Images("/v1/images/generations", """{"class_label": "kiwi", "n": 4, "seed": 1}"""));
        var alone = await service.Images("/v1/images/edits", Form(original, Hole, ("seed", $"{beside[0][2].GetProperty("seed").GetUInt64()}")));

        Assert.Equal(File(beside[0][2]), File(alone[0]));
    }

    [Fact]
    public async Task Edit_FullMask_IsThePlainImageOfTheSeed()
    {
        var edited = await service.Images(
            "/v1/images/edits", Form(await Drawn(), PngPicture.Mask(Side, Side, (_, _) => true), ("seed", "21"), ("include", "tokens")));
        var plain = await service.Images("/v1/images/generations", """{"class_label": "banana", "seed": 21, "include": ["tokens"]}""");

        Assert.Equal(Ints(plain[0], "tokens"), Ints(edited[0], "tokens"));
        Assert.Equal(ImageCodec.Decode(File(plain[0])).Pixels, ImageCodec.Decode(File(edited[0])).Pixels);
    }

    [Fact]
    public async Task Edit_TransparentBorderWithoutMask_KeepsTheMiddle()
    {
        bool IsMiddle(int place) => place % Side is >= 16 and < 48 && place / Side is >= 16 and < 48;
        var before = ImageCodec.Decode(await Drawn());
        var picture = PngPicture.Of(Side, Side, (x, y) =>
        {
            var at = Pixel(before, (y * Side) + x);
            return IsMiddle((y * Side) + x) ? (at[0], at[1], at[2], 255) : (0, 255, 0, 0);
        });

        var edited = await service.Images("/v1/images/edits", Form(picture, mask: null, ("seed", "2")));

        var after = ImageCodec.Decode(File(edited[0]));
        Assert.All(Places().Where(IsMiddle), place => Assert.Equal(Pixel(before, place), Pixel(after, place)));
        Assert.DoesNotContain(Places(), place => Pixel(after, place).SequenceEqual(new byte[] { 0, 255, 0 }));
    }

    [Fact]
    public async Task Redetail_Keep_KeepsTheTokensOfItsPositions()
    {
        var drawn = (await service.Images("/v1/images/generations", """{"class_label": "banana", "seed": 4, "include": ["layout", "tokens"]}"""))[0];
        var (layout, tokens) = (drawn.GetProperty("layout").GetRawText(), drawn.GetProperty("tokens").GetRawText());
        int[] keep = [0, 1, 9, 62];

        var again = (await service.Images(
            "/v1/images/redetail",
            $$"""
            {"layout": {{layout}}, "tokens": {{tokens}}, "keep": [{{string.Join(", ", keep)}}],
            "class_label": "banana", "seed": 99, "include": ["tokens"]}
            """))[0];

        Assert.All(keep, position => Assert.Equal(Ints(drawn, "tokens")[position], Ints(again, "tokens")[position]));
        Assert.NotEqual(Ints(drawn, "tokens"), Ints(again, "tokens"));
    }

    private static bool IsHole(int x, int y) => x is >= 18 and < 44 && y is >= 21 and < 47;

    private static IEnumerable<int> Places() => Enumerable.Range(0, Side * Side);

    /// <summary>The grid position of a pixel: the grid has 8x8 squares of 8x8 pixels.</summary>
    private static int CellOf(int place) => (place / Side / 8 * 8) + (place % Side / 8);

    private static byte[] Pixel(RgbImage image, int place) => image.Pixels[(place * 3)..((place * 3) + 3)];

    private static int[] Ints(JsonElement image, string name) => image.GetProperty(name).Deserialize<int[]>()!;

    private static byte[] File(JsonElement image) => image.GetProperty("b64_json").GetBytesFromBase64();

    private async Task<byte[]> Drawn() => File((await service.Images("/v1/images/generations", """{"class_label": "pineapple", "seed": 11}"""))[0]);

    private static MultipartFormDataContent Form(byte[] picture, byte[]? mask, params (string Name, string Value)[] fields)
    {
        var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(picture), "image", "picture.png" },
            { new StringContent("banana"), "prompt" },
        };
        if (mask is not null)
        {
            form.Add(new ByteArrayContent(mask), "mask", "mask.png");
        }

        foreach (var (name, value) in fields)
        {
            form.Add(new StringContent(value), name);
        }

        return form;
    }
}
