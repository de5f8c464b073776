using System.Net;
using CtfService.Core.Generation;
using CtfService.TestSupport;

namespace CtfService.Api.Tests.Endpoints;

/// <summary>What is wrong with an edit: each answer names the field, the problem and the remedy.</summary>
public sealed class EditRefusalTests(TestApi api) : IClassFixture<TestApi>
{
    [Theory]
    [InlineData("n", "0", "out_of_range", "1 to 16")]
    [InlineData("n", "two", "wrong_type", "an integer")]
    [InlineData("seed", "-1", "wrong_type", "18446744073709551615")]
    [InlineData("temperature", "NaN", "wrong_type", "a number")]
    [InlineData("temperature", "11", "out_of_range", "temperature is 11; expected 0 to 10")]
    [InlineData("guidance_scale", "0", "out_of_range", "1 to 20")]
    [InlineData("top_p", "0", "out_of_range", "above 0")]
    [InlineData("fine_top_k", "-1", "out_of_range", "fine_top_k is -1")]
    [InlineData("prompt", "a spaceship", "unknown_class", "GET /v1/classes")]
    [InlineData("class_label", "5", "unknown_class", "0 to 4")] // the null class
    [InlineData("class_label", "bananna", "unknown_class", "'banana'")]
    [InlineData("style", "vivid", "unknown_field", "Known fields are image, mask, class_label, candidates, input_fidelity, fine_temperature")]
    [InlineData("fine", "{}", "unknown_field", "'fine'")]
    [InlineData("images", "x", "unknown_field", "'image'")]
    [InlineData("candidates", "17", "out_of_range", "1 to 16")]
    [InlineData("image[]", "x", "duplicate_field", "a text field", "image")]
    [InlineData("stream", "yes", "wrong_type", "true or false")]
    [InlineData("partial_images", "4", "out_of_range", "0 to 3")]
    [InlineData("partial_images", "1", "conflicting_fields", "needs a stream")]
    [InlineData("size", "100x100", "unsupported_value", "'auto' or '8x8'")]
    [InlineData("quality", "best", "unsupported_value", "'auto'")]
    [InlineData("input_fidelity", "medium", "unsupported_value", "'high' or 'low'")]
    [InlineData("output_format", "gif", "unsupported_value", "png")]
    [InlineData("include", "pixels", "unsupported_value", "'layout', 'tokens' or both")]
    [InlineData("priority", "urgent", "invalid_value", "interactive")]
    [InlineData("timeout_ms", "0", "out_of_range", "timeout_ms is 0")]
    [InlineData("model", "gpt-image-1", "model_not_found", "'fruits-fake'")]
    [InlineData("mask", "text", "wrong_type", "a text field, which has no file name, for mask")]
    public async Task Edit_FieldIsWrong_NamesItAndWhatIsExpected(string name, string value, string code, string hint, string? param = null)
    {
        (string, string)[] fields = name is "class_label" or "prompt" ? [(name, value)] : [("class_label", "0"), (name, value)];
        using var response = await Post(EditForm.Of(EditForm.Picture, name == "mask" ? null : EditForm.LeftHalf, fields));

        var error = await response.Error(HttpStatusCode.BadRequest);
        Assert.Equal((param ?? name, code), (error.Param, error.Code));
        Assert.Contains(hint, error.Message, StringComparison.Ordinal);
    }

    public static TheoryData<byte[], byte[]?, string, string, string> BadFiles => new()
    {
        { [], EditForm.LeftHalf, "image", "invalid_image", "not a PNG, JPEG or WebP" },
        { "text"u8.ToArray(), null, "image", "invalid_image", "Give a PNG, JPEG or WebP file" },
        { EditForm.Picture[..^30], EditForm.LeftHalf, "image", "invalid_image", "damaged" },
        { EditForm.Picture, "text"u8.ToArray(), "mask", "invalid_mask", "Give a PNG or WebP file with transparent pixels" },
        { EditForm.Picture, [], "mask", "invalid_mask", "not a PNG" },
        { EditForm.Picture, EditForm.LeftHalf[..^30], "mask", "invalid_mask", "damaged" },
        { EditForm.Picture, PngPicture.Mask(8, 9, (_, _) => true), "mask", "mask_size_mismatch", "The mask is 8x9 pixels and the picture 8x8" },
        { EditForm.Picture, EditForm.Opaque(8, 8, ImageFormat.Jpeg), "mask", "mask_opaque", "no alpha channel at all" },
        { EditForm.Picture, PngPicture.Mask(8, 8, (_, _) => false), "mask", "mask_opaque", "The transparent pixels are what is edited" },
        { EditForm.Picture, null, "mask", "mask_required", "nothing says what to edit" },
        { PngPicture.Mask(24, 8, (x, _) => x < 8), null, "image", "mask_cropped", "cover 8x8 pixels" },
        { EditForm.Picture, PngPicture.Encode(60_000, 60_000, PngPicture.Rgba, 8, []), "mask", "image_too_large", "mask is 60000x60000" },
        { PngPicture.Encode(60_000, 60_000, PngPicture.Rgba, 8, []), EditForm.LeftHalf, "image", "image_too_large", "(Limits:MaxUploadPixels)" },
    };

    [Theory]
    [MemberData(nameof(BadFiles))]
    public async Task Edit_FilesDoNotSayWhatToEdit_NamesTheFileAndTheRemedy(byte[] picture, byte[]? mask, string param, string code, string hint)
    {
        using var response = await Post(EditForm.Of(picture, mask, ("class_label", "0")));

        var error = await response.Error(HttpStatusCode.BadRequest);
        Assert.Equal((param, code), (error.Param, error.Code));
        Assert.Contains(hint, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Edit_NoClass_IsRefusedBeforeTheFilesAreDecoded()
    {
        using var response = await Post(EditForm.Of("no picture"u8.ToArray(), mask: null));

        var error = await response.Error(HttpStatusCode.BadRequest);
        Assert.Equal(("class_label", "required"), (error.Param, error.Code));
    }

    [Fact]
    public async Task Edit_TwoPicturesOrMasksOrNone_IsRefused()
    {
        using var pictures = EditForm.Of(EditForm.Picture, EditForm.LeftHalf, ("class_label", "0"));
        pictures.Add(new ByteArrayContent(EditForm.Picture), "image[]", "second.png");
        using var masks = EditForm.Of(EditForm.Picture, EditForm.LeftHalf, ("class_label", "0"));
        masks.Add(new ByteArrayContent(EditForm.LeftHalf), "mask", "second.png");

        using var two = await Post(pictures);
        using var twoMasks = await Post(masks);
        using var none = await Post(new MultipartFormDataContent { { new StringContent("0"), "class_label" } });

        var error = await two.Error(HttpStatusCode.BadRequest);
        Assert.Equal(("image", "duplicate_field"), (error.Param, error.Code));
        Assert.Contains("2 files for image; expected one PNG, JPEG or WebP file. Send a request for each.", error.Message, StringComparison.Ordinal);
        Assert.Equal(("mask", "duplicate_field"), await Problem(twoMasks));
        Assert.Equal(("image", "required"), await Problem(none));
    }

    [Fact]
    public async Task Edit_FieldAsFile_IsRefused()
    {
        using var form = EditForm.Of(EditForm.Picture, EditForm.LeftHalf, ("class_label", "0"));
        form.Add(new ByteArrayContent([1]), "n", "n.txt");
        form.Add(new ByteArrayContent([1]), "include[]", "include.txt");

        using var response = await Post(form);

        var error = await response.Error(HttpStatusCode.BadRequest);
        Assert.Equal([("n", "wrong_type"), ("include", "wrong_type")], error.Details!.Select(detail => (detail.Param, detail.Code)));
        Assert.Contains("only image and mask are files", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Edit_BodyIsNotAForm_SaysWhatToSend()
    {
        using var json = await Post(new StringContent("{}", mediaType: new("application/json")));

        Assert.Contains("in the form field mask", (await json.Error(HttpStatusCode.UnsupportedMediaType)).Message, StringComparison.Ordinal);
    }

    private static async Task<(string?, string?)> Problem(HttpResponseMessage response)
    {
        var error = await response.Error(HttpStatusCode.BadRequest);
        return (error.Param, error.Code);
    }

    private Task<HttpResponseMessage> Post(HttpContent content) => api.Post(TestApi.Edits, content);
}
