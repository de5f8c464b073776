using System.Net;
using System.Text;

namespace CtfService.Api.Tests.Errors;

/// <summary>The web server itself counts bytes, so this runs on the real one.</summary>
public sealed class BodySizeTests
{
    private const int Limit = 2_000;

    [Theory]
    [InlineData(Limit, HttpStatusCode.OK)]
    [InlineData(Limit + 1, HttpStatusCode.RequestEntityTooLarge)]
    public async Task Generate_BodyAtTheLimit_IsTakenAndOneByteMoreIsNot(int bytes, HttpStatusCode expected)
    {
        await using var api = new TestApi { Settings = { ["Limits:MaxRequestBodyBytes"] = $"{Limit}" } };
        api.UseKestrel(port: 0);
        await api.InitializeAsync();

        using var response = await api.PostImages("""{"class_label": 0}""".PadRight(bytes));

        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task Generate_BodyTooLarge_AnswersTheErrorShape()
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
