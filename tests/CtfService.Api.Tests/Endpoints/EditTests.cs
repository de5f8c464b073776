using System.Net;
using System.Text.Json;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Imaging;
using CtfService.TestSupport;

namespace CtfService.Api.Tests.Endpoints;

public sealed class EditTests(TestApi api) : IClassFixture<TestApi>
{
    private ImageSpecification Last => api.Generator.Steps[^1][^1];

    private LayoutSource.Edited LastEdit => Assert.IsType<LayoutSource.Edited>(Last.Layout);

    [Fact]
    public async Task Edit_PictureAndMask_DrawsTheTransparentPixelsOfTheMask()
    {
        var answer = await TestApi.Read(Post(EditForm.LeftHalf, ("prompt", "a banana")));

        var image = Assert.Single(answer.Data);
        Assert.Equal("banana", image.ClassLabel);
        Assert.Equal(Enumerable.Range(0, 64).Select(place => place % 8 < 4), LastEdit.Mask.Edited.ToArray());
        Assert.All(LastEdit.Picture.Pixels, value => Assert.Equal(200, value));
        var drawn = ImageCodec.Decode(image.File).Pixels;
        Assert.All(Enumerable.Range(0, 64).Where(place => place % 8 >= 4), place => Assert.Equal([200, 200, 200], drawn[(place * 3)..((place * 3) + 3)]));
        Assert.Equal(new WireUsage(5, 4, 9), answer.Usage); // the class and the picture's four tokens in, four tokens out
        Assert.Null(answer.Warnings);
        Assert.Equal(
            (LayoutOrigin.Edited, 1, image.Seed), ImageFile.FindProvenance(image.File) is { } found ? (found.Layout, found.ClassId, found.Seed) : default);
    }

    [Fact]
    public async Task Edit_EveryField_ReachesTheGenerator()
    {
        var answer = await TestApi.Read(Post(
            EditForm.LeftHalf,
            ("class_label", "banana"), ("prompt", "anything else"), ("n", "2"), ("seed", "18446744073709551615"), ("temperature", "0.7"), ("top_k", "5"),
            ("top_p", "0.8"), ("guidance_scale", "3.5"), ("fine_temperature", "0.5"), ("fine_top_k", "7"), ("fine_top_p", "0.9"),
            ("fine_guidance_scale", "1.5"), ("model", "fruits-fake"), ("output_format", "webp"), ("output_compression", "50"), ("response_format", "url"),
            ("include[]", "layout"), ("include[]", "tokens"), ("candidates", "16"), ("timeout_ms", "30000"),
            ("priority", "batch"), ("stream", "false"), ("user", "me"),
            ("size", "auto"), ("quality", "auto"), ("background", "auto"), ("moderation", "low"), ("input_fidelity", "high")));

        Assert.Equal([ulong.MaxValue, ImageSeed.Derive(ulong.MaxValue, 1)], answer.Data.Select(image => image.Seed));
        Assert.Equal("webp", answer.OutputFormat);
        Assert.All(answer.Data, image => Assert.Equal((4, 4, "banana"), (image.Layout!.Count, image.Tokens!.Count, image.ClassLabel)));
        Assert.All(answer.Data, image => Assert.StartsWith("data:image/webp;base64,", image.Url!, StringComparison.Ordinal));
        Assert.Equal(new SamplingSettings(0.7f, 5, 0.8f, 3.5f), Last.Coarse);
        Assert.Equal(new SamplingSettings(0.5f, 7, 0.9f, 1.5f), Last.Fine);
        Assert.Equal(16, LastEdit.Candidates);
        Assert.Null(answer.Warnings);
    }

    [Fact]
    public async Task Edit_FieldsOfOpenAiWithoutEffect_AreNamedInWarnings()
    {
        var answer = await TestApi.Read(Post(
            EditForm.LeftHalf,
            ("prompt", "banana"), ("size", "1024x1024"), ("quality", "high"), ("background", "transparent"), ("input_fidelity", "low")));

        Assert.Equal(["input_fidelity", "quality", "background", "size"], answer.Warnings!.Select(warning => warning.Param));
    }

    [Fact]
    public async Task Edit_ImageAsAListOfOne_IsTheSame()
    {
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(EditForm.Picture), "image[]", "picture.png" },
            { new ByteArrayContent(EditForm.LeftHalf), "mask", "mask.png" },
            { new StringContent("banana"), "prompt" },
        };

        Assert.Single((await TestApi.Read(api.Post(TestApi.Edits, form))).Data);
        Assert.Equal(32, LastEdit.Mask.EditedCount);
    }

    [Fact]
    public async Task Edit_TransparentPictureWithoutMask_DrawsItsTransparentPixels()
    {
        using var form = EditForm.Of(
            PngPicture.Of(16, 16, (x, _) => x < 8 ? (9, 8, 7, 255) : (0, 255, 0, 0)), mask: null, ("class_label", "1"), ("mask", ""));

        Assert.Single((await TestApi.Read(api.Post(TestApi.Edits, form))).Data);

        Assert.Equal(Enumerable.Range(0, 64).Select(place => place % 8 >= 4), LastEdit.Mask.Edited.ToArray());
        Assert.Equal([9, 8, 7], LastEdit.Picture.Pixels.Chunk(3).Distinct(new SameColours()).Single());
    }

    [Fact]
    public async Task Edit_FullMask_IsAllowedAndSaysThatNothingWasKept()
    {
        var answer = await TestApi.Read(Post(PngPicture.Mask(8, 8, (_, _) => true), ("class_label", "1"), ("seed", "4")));

        Assert.Equal("mask", Assert.Single(answer.Warnings!).Param);
        Assert.Contains("nothing of the picture was kept", answer.Warnings![0].Message, StringComparison.Ordinal);
        Assert.Equal(
            ImageCodec.Decode((await api.Generate("""{"class_label": 1, "seed": 4}""")).Data[0].File).Pixels, ImageCodec.Decode(answer.Data[0].File).Pixels);
    }

    [Fact]
    public async Task Edit_Stream_SendsTheEventsOfEdits()
    {
        using var response = await Post(EditForm.LeftHalf, ("prompt", "banana"), ("stream", "true"), ("partial_images", "2"));

        var events = (await response.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("data: [DONE]", events[^1]);
        string[] names = ["image_edit.partial_image", "image_edit.partial_image", "image_edit.completed"];
        Assert.Equal(names, events[..^1].Select(text => text.Split('\n')[0]["event: ".Length..]));
        var bodies = events[..^1].Select(text => JsonDocument.Parse(text.Split('\n')[1]["data: ".Length..]).RootElement).ToList();
        Assert.Equal(names, bodies.Select(body => body.GetProperty("type").GetString()));
        Assert.Equal([0, 1], bodies[..^1].Select(body => body.GetProperty("partial_image_index").GetInt32()));
    }

    [Fact]
    public async Task Edit_AcceptPng_ReturnsAContactSheet()
    {
        using var form = EditForm.Of(EditForm.Picture, EditForm.LeftHalf, ("prompt", "banana"), ("n", "2"), ("seed", "3"));
        using var response = await api.Post(TestApi.Edits, form, ("Accept", "image/png"));

        Assert.Equal("image/png", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("3", Assert.Single(response.Headers.GetValues("X-Seed")));
        var file = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal((18, 8), ImageCodec.ReadHeader(file));
        Assert.Equal(LayoutOrigin.Edited, ImageFile.FindProvenance(file)!.Layout);
    }

    [Fact]
    public async Task Edit_SeedWithOtherPictureOrMask_HasAnotherETag()
    {
        (byte[] Picture, byte[] Mask, int Candidates)[] edits =
        [
            (EditForm.Picture, EditForm.LeftHalf, 1),
            (EditForm.Picture, EditForm.LeftHalf, 1),
            (EditForm.Picture, EditForm.LeftHalf, 2),
            (EditForm.Picture, PngPicture.Mask(8, 8, (x, _) => x < 5), 1),
            (PngPicture.Of(8, 8, (_, _) => (1, 2, 3, 255)), EditForm.LeftHalf, 1),
        ];
        var tags = new List<string>();
        foreach (var (picture, mask, candidates) in edits)
        {
            using var response = await api.Post(
                TestApi.Edits, EditForm.Of(picture, mask, ("class_label", "0"), ("seed", "1"), ("candidates", $"{candidates}")));
            tags.Add(response.Headers.ETag!.ToString());
        }

        using var known = await api.Post(
            TestApi.Edits, EditForm.Of(EditForm.Picture, EditForm.LeftHalf, ("class_label", "0"), ("seed", "1")), ("If-None-Match", tags[0]));
        Assert.Equal(tags[0], tags[1]);
        Assert.Equal(4, tags.Distinct().Count());
        Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
    }

    [Fact]
    public async Task Edit_SameIdempotencyKey_IsDrawnOnce()
    {
        var before = api.Generator.Steps.Count;

        using var first = await api.Post(TestApi.Edits, EditForm.Of(EditForm.Picture, EditForm.LeftHalf, ("prompt", "apple")), ("Idempotency-Key", "edit"));
        using var again = await api.Post(TestApi.Edits, EditForm.Of(EditForm.Picture, EditForm.LeftHalf, ("prompt", "apple")), ("Idempotency-Key", "edit"));
        using var other = await api.Post(TestApi.Edits, EditForm.Of(EditForm.LeftHalf, mask: null, ("prompt", "apple")), ("Idempotency-Key", "edit"));

        Assert.Equal(await first.Content.ReadAsByteArrayAsync(), await again.Content.ReadAsByteArrayAsync());
        Assert.Equal(HttpStatusCode.UnprocessableEntity, other.StatusCode);
        Assert.Equal(before + 1, api.Generator.Steps.Count);
    }

    private Task<HttpResponseMessage> Post(byte[] mask, params (string Name, string Value)[] fields) =>
        api.Post(TestApi.Edits, EditForm.Of(EditForm.Picture, mask, fields));

    private sealed class SameColours : IEqualityComparer<byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => obj[0];
    }
}
