using System.Net;
using System.Text;
using CtfService.Api.Tests.Endpoints;

namespace CtfService.Api.Tests.Bodies;

/// <summary>Size limits of bodies. Runs on the real web server, which counts the bytes.</summary>
public sealed class BodySizeTests
{
    private const int Limit = 2_000;

    [Theory]
    [InlineData(Limit, HttpStatusCode.OK)]
    [InlineData(Limit + 1, HttpStatusCode.RequestEntityTooLarge)]
    public async Task Generate_BodyAtTheLimit_IsAcceptedAndOneByteMoreIsNot(int bytes, HttpStatusCode expected)
    {
        await using var api = new TestApi { Settings = { ["Limits:MaxRequestBodyBytes"] = $"{Limit}" } };
        api.UseKestrel(port: 0);
        await api.InitializeAsync();

        using var response = await api.PostImages("""{"class_label": 0}""".PadRight(bytes));

        Assert.Equal(expected, response.StatusCode);
    }

    [Theory]
    [InlineData(40_000, HttpStatusCode.BadRequest)]              // far above the limit of other bodies: read, and found not to be a picture
    [InlineData(40_001, HttpStatusCode.RequestEntityTooLarge)]   // the file alone is too large
    [InlineData(200_000, HttpStatusCode.RequestEntityTooLarge)]  // rejected by the web server before it is read
    public async Task Vary_FileAtItsLimit_IsReadAndOneByteMoreIsNot(int bytes, HttpStatusCode expected)
    {
        await using var api = new TestApi { Settings = { ["Limits:MaxRequestBodyBytes"] = $"{Limit}", ["Limits:MaxUploadBytes"] = "40000" } };
        api.UseKestrel(port: 0);
        await api.InitializeAsync();
        using var form = new MultipartFormDataContent { { new ByteArrayContent(new byte[bytes]), "image", "picture.png" } };

        using var response = await api.Post(TestApi.Variations, form);

        var error = await response.Error(expected);
        Assert.Contains(expected == HttpStatusCode.BadRequest ? "not a PNG" : "Limits:MaxUploadBytes", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(40_000, 40_000, HttpStatusCode.BadRequest, "image")]            // both are read, and found not to be pictures
    [InlineData(10, 40_001, HttpStatusCode.RequestEntityTooLarge, "mask")]      // the mask alone is too large
    [InlineData(40_000, 200_000, HttpStatusCode.RequestEntityTooLarge, "image")] // rejected by the web server before it is read
    public async Task Edit_TwoFilesAtTheirLimit_AreReadAndOneByteMoreIsNot(int picture, int mask, HttpStatusCode expected, string param)
    {
        await using var api = new TestApi { Settings = { ["Limits:MaxRequestBodyBytes"] = $"{Limit}", ["Limits:MaxUploadBytes"] = "40000" } };
        api.UseKestrel(port: 0);
        await api.InitializeAsync();
        using var form = EditForm.Of(new byte[picture], new byte[mask], ("class_label", "0"));

        using var response = await api.Post(TestApi.Edits, form);

        var error = await response.Error(expected);
        Assert.Equal(param, error.Param);
        Assert.Contains(expected == HttpStatusCode.BadRequest ? "not a PNG" : "Limits:MaxUploadBytes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_BodyTooLarge_ReturnsAnError()
    {
        await using var api = new TestApi { Settings = { ["Limits:MaxRequestBodyBytes"] = $"{Limit}" } };
        api.UseKestrel(port: 0);
        await api.InitializeAsync();
        using var content = new StringContent(new string(' ', Limit + 1), Encoding.UTF8, "application/json");

        using var response = await api.Client.PostAsync(new Uri(TestApi.Images, UriKind.Relative), content);

        var error = await response.Error(HttpStatusCode.RequestEntityTooLarge);
        Assert.Equal(("invalid_request_error", "body_too_large"), (error.Type, error.Code));
    }
}
