using System.Net;
using System.Text;

namespace CtfService.Api.Tests.Errors;

/// <summary>Every way in which a request can be wrong, and the error that the caller gets.</summary>
public sealed class RequestErrorTests(TestApi api) : IClassFixture<TestApi>
{
    [Theory]
    [InlineData("""{"class_label": "aple"}""", "class_label", "unknown_class", "'apple'")]
    [InlineData("""{"class_label": 5}""", "class_label", "unknown_class", "0 to 4")]
    [InlineData("""{"class_label": -1}""", "class_label", "unknown_class", "0 to 4")]
    [InlineData("""{"class_label": 4294967296}""", "class_label", "unknown_class", "4294967296")]
    [InlineData("""{"class_label": ""}""", "class_label", "unknown_class", "/v1/classes")]
    [InlineData("""{}""", "class_label", "required", "0 to 4")]
    [InlineData("""{"prompt": "a motorbike"}""", "prompt", "unknown_class", "/v1/classes")]
    [InlineData("""{"prompt": "an apple and a banana"}""", "prompt", "ambiguous_prompt", "'apple', 'banana'")]
    [InlineData("""{"prompt": "a banana", "class_label": 0}""", "prompt", "conflicting_fields", "'banana'")]
    [InlineData("""{"class_label": 0, "n": 0}""", "n", "out_of_range", "1 to 16 (maximum: Limits:MaxImagesPerRequest)")]
    [InlineData("""{"class_label": 0, "n": 17}""", "n", "out_of_range", "n is 17")]
    [InlineData("""{"class_label": 0, "temperature": -0.01}""", "temperature", "out_of_range", "-0.01")]
    [InlineData("""{"class_label": 0, "temperature": 10.01}""", "temperature", "out_of_range", "Limits:MaxTemperature")]
    [InlineData("""{"class_label": 0, "guidance_scale": 0.99}""", "guidance_scale", "out_of_range", "1 to 20")]
    [InlineData("""{"class_label": 0, "guidance_scale": 40}""", "guidance_scale", "out_of_range", "Limits:MaxGuidanceScale")]
    [InlineData("""{"class_label": 0, "guidance_scale": 1e300}""", "guidance_scale", "out_of_range", "1 to 20")]
    [InlineData("""{"class_label": 0, "top_k": -1}""", "top_k", "out_of_range", "-1")]
    [InlineData("""{"class_label": 0, "top_p": 0}""", "top_p", "out_of_range", "above 0")]
    [InlineData("""{"class_label": 0, "top_p": 1.01}""", "top_p", "out_of_range", "1.01")]
    [InlineData("""{"class_label": 0, "fine": {"top_k": -1}}""", "fine.top_k", "out_of_range", "-1")]
    [InlineData("""{"class_label": 0, "fine": {"guidance_scale": 21}}""", "fine.guidance_scale", "out_of_range", "21")]
    [InlineData("""{"class_label": 0, "model": "dall-e-3"}""", "model", "model_not_found", "'fruits-fake'")]
    [InlineData("""{"class_label": 0, "output_format": "gif"}""", "output_format", "unsupported_value", "png, jpeg or webp")]
    [InlineData("""{"class_label": 0, "output_compression": 101}""", "output_compression", "out_of_range", "0 to 100")]
    [InlineData("""{"class_label": 0, "response_format": "bytes"}""", "response_format", "unsupported_value", "b64_json")]
    [InlineData("""{"class_label": 0, "stream": true, "partial_images": 4}""", "partial_images", "out_of_range", "0 to 3")]
    [InlineData("""{"class_label": 0, "stream": true, "partial_images": -1}""", "partial_images", "out_of_range", "0 to 3")]
    [InlineData("""{"class_label": 0, "partial_images": 1}""", "partial_images", "conflicting_fields", "stream: true")]
    [InlineData("""{"class_label": 0, "stream": "yes"}""", "stream", "wrong_type", "true or false")]
    [InlineData("""{"class_label": 0, "include": ["pixels"]}""", "include", "unsupported_value", "'layout', 'tokens' or both")]
    [InlineData("""{"class_label": 0, "include": "layout"}""", "include", "wrong_type", "a list of strings")]
    [InlineData("""{"class_label": 0, "include": [1]}""", "include", "wrong_type", "a list of strings")]
    [InlineData("""{"class_label": 0, "timeout_ms": 0}""", "timeout_ms", "out_of_range", "1 to 2147483647")]
    [InlineData("""{"class_label": 0, "size": "100x100"}""", "size", "unsupported_value", "'auto' or '8x8'")]
    [InlineData("""{"class_label": 0, "size": 8}""", "size", "wrong_type", "a string")]
    [InlineData("""{"class_label": 0, "quality": "ultra"}""", "quality", "unsupported_value", "'auto' or 'standard'")]
    [InlineData("""{"class_label": 0, "background": "blue"}""", "background", "unsupported_value", "always opaque")]
    [InlineData("""{"class_label": 0, "moderation": "high"}""", "moderation", "unsupported_value", "'auto' or 'low'")]
    [InlineData("""{"class_label": 0, "steps": 20}""", "steps", "unknown_field", "class_label, fine, style, prompt, guidance_scale")]
    [InlineData("""{"class_label": 0, "style": "cubist"}""", "style", "unsupported_value", "'vivid' or 'natural'")]
    [InlineData("""{"class_label": 0, "N": 1}""", "N", "unknown_field", "Did you mean 'n'?")]
    [InlineData("""{"class": "apple"}""", "class", "unknown_field", "Did you mean 'class_label'?")]
    [InlineData("""{"label": "apple"}""", "label", "unknown_field", "Did you mean 'class_label'?")]
    [InlineData("""{"classLabel": "apple"}""", "classLabel", "unknown_field", "Did you mean 'class_label'?")]
    [InlineData("""{"promt": "apple"}""", "promt", "unknown_field", "Did you mean 'prompt'?")]
    [InlineData("""{"class_label": 0, "format": "png"}""", "format", "unknown_field", "Did you mean 'output_format' or 'response_format'?")]
    [InlineData("""{"class_label": 0, "fine": {"topK": 1}}""", "fine.topK", "unknown_field", "Did you mean 'top_k'?")]
    [InlineData("""{"class_label": "\ud800"}""", "class_label", "invalid_character", "surrogate")]
    [InlineData("""{"prompt": "a bananas and cherries dish"}""", "prompt", "ambiguous_prompt", "'banana', 'Cherry'")]
    [InlineData("""{"class_label": 0, "odd name": 1}""", "odd name", "unknown_field", "'odd name'")]
    [InlineData("""{"class_label": 0, "fine": {"n": 1}}""", "fine.n", "unknown_field", "temperature, top_k, top_p, guidance_scale")]
    [InlineData("""{"class_label": true}""", "class_label", "wrong_type", "string")]
    [InlineData("""{"class_label": 1.5}""", "class_label", "wrong_type", "integer")]
    [InlineData("""{"class_label": 0, "n": "2"}""", "n", "wrong_type", "integer")]
    [InlineData("""{"class_label": 0, "n": 1.5}""", "n", "wrong_type", "integer")]
    [InlineData("""{"class_label": 0, "seed": -1}""", "seed", "wrong_type", "18446744073709551615")]
    [InlineData("""{"class_label": 0, "seed": 18446744073709551616}""", "seed", "wrong_type", "18446744073709551615")]
    [InlineData("""{"class_label": 0, "seed": "0x10"}""", "seed", "wrong_type", "decimal digits")]
    [InlineData("""{"class_label": 0, "temperature": "hot"}""", "temperature", "wrong_type", "number")]
    [InlineData("""{"class_label": 0, "prompt": 7}""", "prompt", "wrong_type", "string")]
    [InlineData("""{"class_label": 0, "fine": 7}""", "fine", "wrong_type", "object")]
    [InlineData("""{"class_label": 0, "fine": {"top_k": "x"}}""", "fine.top_k", "wrong_type", "integer")]
    [InlineData("""{"class_label": 0, "n": 1, "n": 2}""", "n", "duplicate_field", "once")]
    public async Task Generate_FieldIsWrong_NamesItAndWhatIsExpected(string json, string param, string code, string hint)
    {
        using var response = await api.PostImages(json);

        var error = await response.Error(HttpStatusCode.BadRequest);
        Assert.Equal(("invalid_request_error", param, code), (error.Type, error.Param, error.Code));
        Assert.Contains(hint, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"class_label\": 0", "malformed_json")]
    [InlineData("{\"class_label\": 0,}", "malformed_json")]
    [InlineData("class_label=0", "malformed_json")]
    [InlineData("[]", "wrong_type")]
    [InlineData("\"apple\"", "wrong_type")]
    [InlineData("null", "malformed_request")]
    [InlineData("", "malformed_request")]
    public async Task Generate_BodyIsNotARequest_SaysSo(string body, string code)
    {
        using var response = await api.PostImages(body);

        var error = await response.Error(HttpStatusCode.BadRequest);
        Assert.Equal(("invalid_request_error", null, code), (error.Type, error.Param, error.Code));
        Assert.DoesNotContain("System.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_SeveralFieldsAreWrong_NamesAllOfThem()
    {
        using var response = await api.PostImages("""{"class_label": "aple", "n": 0, "top_p": 2, "fine": {"temperature": 11}}""");

        var error = await response.Error(HttpStatusCode.BadRequest);
        Assert.Equal("class_label", error.Param);
        Assert.Equal(["class_label", "top_p", "n", "fine.temperature"], error.Details!.Select(detail => detail.Param));
        Assert.All(error.Details!, detail => Assert.Contains(detail.Message, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Generate_OneFieldIsWrong_HasNoDetails()
    {
        using var response = await api.PostImages("""{"class_label": 0, "n": 0}""");

        Assert.Null((await response.Error(HttpStatusCode.BadRequest)).Details);
    }

    [Theory]
    [InlineData("text/html", null)]
    [InlineData("image/gif", null)]
    [InlineData("image/png;q=0", null)]
    [InlineData("nonsense", null)]
    [InlineData("image/png", "jpeg")]
    public async Task Generate_NoAcceptableFormat_Returns406BeforeDrawing(string accept, string? format)
    {
        var batches = api.Generator.Steps.Count;
        var json = format is null ? """{"class_label": 0}""" : $$"""{"class_label": 0, "output_format": "{{format}}"}""";

        using var response = await api.PostImages(json, accept);

        var error = await response.Error(HttpStatusCode.NotAcceptable);
        Assert.Equal(("invalid_request_error", "not_acceptable"), (error.Type, error.Code));
        Assert.Equal(batches, api.Generator.Steps.Count);
    }

    [Fact]
    public async Task Generate_IncludeWithAnImageBody_SaysWhereItIsSupported()
    {
        using var response = await api.PostImages("""{"class_label": 0, "include": ["layout"]}""", "image/png");

        var error = await response.Error(HttpStatusCode.BadRequest);
        Assert.Equal(("include", "conflicting_fields"), (error.Param, error.Code));
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task Generate_BodyIsNotJson_Returns415(string contentType)
    {
        using var content = new StringContent("{}", Encoding.UTF8, contentType);

        using var response = await api.Client.PostAsync(new Uri(TestApi.Images, UriKind.Relative), content);

        Assert.Equal("unsupported_media_type", (await response.Error(HttpStatusCode.UnsupportedMediaType)).Code);
    }

    [Theory]
    [InlineData("application/json; charset=utf-8", true)]
    [InlineData("application/json; charset=\"UTF-8\"", true)]
    [InlineData("application/json; charset=utf-16", false)]
    [InlineData("application/json; charset=nonsense", false)]
    public async Task Generate_Charset_MustBeUtf8(string contentType, bool isTaken)
    {
        using var content = new ByteArrayContent("""{"class_label": 0}"""u8.ToArray());
        content.Headers.TryAddWithoutValidation("Content-Type", contentType);

        using var response = await api.Client.PostAsync(new Uri(TestApi.Images, UriKind.Relative), content);

        if (isTaken)
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
        else
        {
            Assert.Equal("unsupported_charset", (await response.Error(HttpStatusCode.UnsupportedMediaType)).Code);
        }
    }

    [Theory]
    [InlineData("/v1")]
    [InlineData("/v1/images")]
    [InlineData("/v1/nothing")]
    public async Task Get_UnknownRouteUnderV1_Returns404InTheFormatOfOpenAi(string path)
    {
        using var response = await api.Client.GetAsync(new Uri(path, UriKind.Relative));

        var error = await response.Error(HttpStatusCode.NotFound);
        Assert.Equal(("invalid_request_error", "unknown_route"), (error.Type, error.Code));
    }

    [Fact]
    public async Task Get_UnknownRouteElsewhere_ReturnsProblemDetails()
    {
        using var response = await api.Client.GetAsync(new Uri("/nothing", UriKind.Relative));

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
    }

    [Theory]
    [InlineData("class_label", 256)]
    [InlineData("prompt", 4_000)]
    public async Task Post_ClassTextIsTooLong_NamesLengthAndLimit(string field, int limit)
    {
        using var longest = await api.PostImages($$"""{"{{field}}": "{{new string('x', limit)}}"}""");
        using var tooLong = await api.PostImages($$"""{"{{field}}": "{{new string('x', limit + 1)}}"}""");

        Assert.Equal("unknown_class", (await longest.Error(HttpStatusCode.BadRequest)).Code);
        var error = await tooLong.Error(HttpStatusCode.BadRequest);
        Assert.Equal((field, "too_long"), (error.Param, error.Code));
        Assert.Contains($"{field} has {limit + 1} characters; expected at most {limit}.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_ThousandsOfProblems_ListsOnlySome()
    {
        var names = string.Join(", ", Enumerable.Range(0, 5_000).Select(i => $"\"x{i}\""));

        using var response = await api.PostImages($$"""{"class_label": 0, "include": [{{names}}]}""");

        Assert.Equal(32, (await response.Error(HttpStatusCode.BadRequest)).Details!.Count);
    }

    [Fact]
    public async Task Get_PostOnlyRoute_Returns405WithAllow()
    {
        using var response = await api.Client.GetAsync(new Uri(TestApi.Images, UriKind.Relative));

        Assert.Equal("method_not_allowed", (await response.Error(HttpStatusCode.MethodNotAllowed)).Code);
        Assert.Equal(["POST"], response.Content.Headers.Allow);
    }
}
