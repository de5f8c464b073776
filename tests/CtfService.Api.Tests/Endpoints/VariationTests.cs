using System.Net;
using System.Net.Http.Headers;
using System.Text;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Imaging;
using CtfService.TestSupport;

namespace CtfService.Api.Tests.Endpoints;

public sealed class VariationTests(TestApi api) : IClassFixture<TestApi>
{
    private static readonly byte[] Picture = Png(8, 8, shade: 200);

    private ImageSpecification Last => api.Generator.Steps[^1][^1];

    [Fact]
    public async Task Vary_PictureOnly_DrawsWithoutAClass()
    {
        var answer = await TestApi.Read(Post(Form(Picture)));

        var image = Assert.Single(answer.Data);
        Assert.Null(image.ClassId);
        Assert.Null(image.ClassLabel);
        Assert.Equal(api.Generator.Model.NullClass, Last.ClassId);
        Assert.Equal(Enumerable.Repeat((byte)200, 8 * 8 * 3), Assert.IsType<LayoutSource.Encoded>(Last.Layout).Picture.Pixels);
        Assert.Equal(new WireUsage(4, 4, 8), answer.Usage);
        Assert.Equal(
            (LayoutOrigin.Encoded, null, image.Seed), ImageFile.FindProvenance(image.File) is { } found ? (found.Layout, found.ClassId, found.Seed) : default);
    }

    [Fact]
    public async Task Vary_EveryField_ReachesTheGenerator()
    {
        var answer = await TestApi.Read(Post(Form(
            Picture,
            ("class_label", "banana"), ("n", "2"), ("seed", "18446744073709551615"), ("fine_temperature", "0.5"), ("fine_top_k", "7"), ("fine_top_p", "0.9"),
            ("fine_guidance_scale", "1.5"), ("model", "fruits-fake"), ("output_format", "webp"), ("output_compression", "50"), ("response_format", "b64_json"),
            ("include[]", "layout"), ("include[]", "tokens"), ("timeout_ms", "1000"), ("user", "me"))));

        Assert.Equal([ulong.MaxValue, ImageSeed.Derive(ulong.MaxValue, 1)], answer.Data.Select(image => image.Seed));
        Assert.Equal("webp", answer.OutputFormat);
        Assert.All(answer.Data, image => Assert.Equal((4, 4, "banana"), (image.Layout!.Count, image.Tokens!.Count, image.ClassLabel)));
        Assert.Equal(new SamplingSettings(0.5f, 7, 0.9f, 1.5f), Last.Fine);
    }

    [Theory]
    [InlineData(ImageFormat.Png)]
    [InlineData(ImageFormat.Jpeg)]
    [InlineData(ImageFormat.Webp)]
    public async Task Vary_PictureOfAnySizeAndFormat_IsScaledToTheModel(ImageFormat format)
    {
        await TestApi.Read(Post(Form(ImageCodec.Encode(Shade(30, 20, 128), format))));

        var picture = Assert.IsType<LayoutSource.Encoded>(Last.Layout).Picture;
        Assert.Equal((8, 8), (picture.Width, picture.Height));
        Assert.All(picture.Pixels, value => Assert.InRange(value, 124, 132));
    }

    [Fact]
    public async Task Vary_AcceptPng_ReturnsTheImageFile()
    {
        using var response = await api.Post(TestApi.Variations, Form(Picture, ("seed", "3")), ("Accept", "image/png"));

        Assert.Equal("image/png", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("3", Assert.Single(response.Headers.GetValues("X-Seed")));
        Assert.False(response.Headers.Contains("X-Class-Label"));
    }

    [Theory]
    [InlineData("n", "0", "out_of_range", "1 to 16")]
    [InlineData("n", "two", "wrong_type", "an integer")]
    [InlineData("seed", "-1", "wrong_type", "18446744073709551615")]
    [InlineData("fine_temperature", "NaN", "wrong_type", "a number")]
    [InlineData("fine_temperature", "11", "out_of_range", "fine_temperature is 11; expected 0 to 10")]
    [InlineData("class_label", "bananna", "unknown_class", "'banana'")]
    [InlineData("temperature", "1", "unknown_field", "Known fields are image, class_label, fine_temperature")]
    [InlineData("n[]", "1", "unknown_field", "'n[]'")]
    [InlineData("size", "100x100", "unsupported_value", "'auto' or '8x8'")]
    [InlineData("response_format", "bytes", "unsupported_value", "b64_json")]
    [InlineData("include", "pixels", "unsupported_value", "'layout', 'tokens' or both")]
    [InlineData("timeout_ms", "0", "out_of_range", "timeout_ms is 0")]
    public async Task Vary_FieldIsWrong_NamesItAndWhatIsExpected(string name, string value, string code, string hint)
    {
        using var response = await Post(Form(Picture, (name, value)));

        var error = await response.Error(HttpStatusCode.BadRequest);
        Assert.Equal((name, code), (error.Param, error.Code));
        Assert.Contains(hint, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("seed")]
    [InlineData("class_label")]
    [InlineData("fine_temperature")]
    [InlineData("include")]
    public async Task Vary_FieldIsBlank_CountsAsAbsent(string name)
    {
        using var response = await Post(Form(Picture, (name, "")));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Vary_FieldTwice_IsRejected()
    {
        using var response = await Post(Form(Picture, ("n", "1"), ("n", "2")));

        Assert.Equal("duplicate_field", (await response.Error(HttpStatusCode.BadRequest)).Code);
    }

    public static TheoryData<byte[], string, string> BadPictures => new()
    {
        { [], "invalid_image", "not a PNG, JPEG or WebP" },
        { Encoding.UTF8.GetBytes("hello"), "invalid_image", "not a PNG, JPEG or WebP" },
        { Encoding.ASCII.GetBytes("GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x01D\0;"), "invalid_image", "not a PNG, JPEG or WebP" },
        { Png(40, 40, shade: 9)[..^40], "invalid_image", "damaged" },
        { Bomb(), "image_too_large", "60000x60000, 3600000000 pixels; expected at most 16777216 (Limits:MaxUploadPixels)" },
    };

    [Theory]
    [MemberData(nameof(BadPictures))]
    public async Task Vary_FileIsNotAPicture_SaysWhy(byte[] file, string code, string hint)
    {
        using var response = await Post(Form(file));

        var error = await response.Error(HttpStatusCode.BadRequest);
        Assert.Equal(("image", code), (error.Param, error.Code));
        Assert.Contains(hint, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Vary_NoPictureOrTwo_IsRejected()
    {
        using var two = Form(Picture);
        two.Add(new ByteArrayContent(Picture), "image", "second.png");

        using var none = await Post(new MultipartFormDataContent { { new StringContent("1"), "n" } });
        using var both = await Post(two);

        Assert.Equal(("image", "required"), await Problem(none));
        Assert.Equal(("image", "duplicate_field"), await Problem(both));
    }

    [Fact]
    public async Task Vary_PictureAsTextOrFieldAsFile_IsRejected()
    {
        using var file = Form(Picture);
        file.Add(new ByteArrayContent([1]), "n", "n.txt");

        using var text = await Post(new MultipartFormDataContent { { new StringContent("picture"), "image" } });
        using var mixed = await Post(file);

        Assert.Equal(("image", "required"), await Problem(text));
        Assert.Equal(("n", "wrong_type"), await Problem(mixed));
    }

    [Fact]
    public async Task Vary_BodyIsNotAForm_SaysWhatToSend()
    {
        using var json = await Post(new StringContent("{}", mediaType: new("application/json")));
        using var broken = await Post(Broken());

        Assert.Contains("multipart/form-data", (await json.Error(HttpStatusCode.UnsupportedMediaType)).Message, StringComparison.Ordinal);
        Assert.Equal("malformed_form", (await broken.Error(HttpStatusCode.BadRequest)).Code);
    }

    private static async Task<(string?, string?)> Problem(HttpResponseMessage response)
    {
        var error = await response.Error(HttpStatusCode.BadRequest);
        return (error.Param, error.Code);
    }

    private Task<HttpResponseMessage> Post(HttpContent content) => api.Post(TestApi.Variations, content);

    private static MultipartFormDataContent Form(byte[] picture, params (string Name, string Value)[] fields)
    {
        var form = new MultipartFormDataContent { { new ByteArrayContent(picture), "image", "picture.png" } };
        foreach (var (name, value) in fields)
        {
            form.Add(new StringContent(value), name);
        }

        return form;
    }

    /// <summary>A form that ends within its first part.</summary>
    private static StringContent Broken()
    {
        var content = new StringContent("--x\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n1");
        content.Headers.ContentType = MediaTypeHeaderValue.Parse("multipart/form-data; boundary=x");
        return content;
    }

    private static RgbImage Shade(int width, int height, byte shade) => new(width, height, [.. Enumerable.Repeat(shade, width * height * 3)]);

    private static byte[] Png(int width, int height, byte shade) => ImageCodec.Encode(Shade(width, height, shade), ImageFormat.Png);

    /// <summary>A few bytes with the header of a picture of 60,000 x 60,000 pixels.</summary>
    private static byte[] Bomb() => PngPicture.Encode(60_000, 60_000, PngPicture.Rgb, bitDepth: 8, [0, 0, 0]);
}
