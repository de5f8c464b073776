using System.Net;

namespace CtfService.Api.Tests.Security;

/// <summary>Which origins may call the service from a browser.</summary>
public sealed class CorsTests
{
    private const string Studio = "https://studio.example.org";

    [Fact]
    public async Task Get_NoOriginAllowed_HasNoCorsHeaders()
    {
        await using var api = new TestApi();
        await api.InitializeAsync();

        using var response = await api.Get("/v1/models", ("Origin", Studio));

        Assert.DoesNotContain(response.Headers, header => header.Key.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData(Studio, true)]
    [InlineData("https://other.example.org", false)]
    [InlineData("http://studio.example.org", false)]
    public async Task Get_AllowedOrigin_MayReadTheResponse(string origin, bool expected)
    {
        await using var api = await Started();

        using var response = await api.Get("/v1/nothing", ("Origin", origin));

        Assert.Equal(expected, response.Headers.TryGetValues("Access-Control-Allow-Origin", out var allowed));
        Assert.Equal(expected ? [Studio] : null, allowed);
        var isExposed = response.Headers.TryGetValues("Access-Control-Expose-Headers", out var exposed)
            && new[] { "Retry-After", "x-ratelimit-remaining-images" }.All(name => exposed.Single().Contains(name, StringComparison.Ordinal));
        Assert.Equal(expected, isExposed);
    }

    [Fact]
    public async Task Preflight_AllowedOrigin_NeedsNoKey()
    {
        await using var api = await Started();
        using var request = new HttpRequestMessage(HttpMethod.Options, TestApi.Images);
        request.Headers.Add("Origin", Studio);
        request.Headers.Add("Access-Control-Request-Method", "POST");
        request.Headers.Add("Access-Control-Request-Headers", "authorization,content-type,x-stainless-lang");

        using var response = await api.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal("authorization,content-type,x-stainless-lang", Assert.Single(response.Headers.GetValues("Access-Control-Allow-Headers")));
        Assert.False(response.Headers.Contains("Access-Control-Allow-Credentials"));
    }

    private static async Task<TestApi> Started()
    {
        var api = TestKeys.Api(("Security:AllowedOrigins:0", Studio));
        await api.InitializeAsync();
        return api;
    }
}
