using System.Net;

namespace CtfService.Api.Tests.Security;

/// <summary>Access without a key.</summary>
public sealed class AnonymousTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("whatever-an-openai-client-must-send")]
    public async Task Get_NoKeysConfigured_ServesEveryCaller(string? key)
    {
        await using var api = new TestApi();
        await api.InitializeAsync();

        using var response = await api.Get("/v1/models", key is null ? null : TestKeys.Bearer(key));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData(null, HttpStatusCode.OK)]
    [InlineData(TestKeys.Studio, HttpStatusCode.OK)]
    [InlineData("ctf_unknown", HttpStatusCode.Unauthorized)]
    public async Task Get_AnonymousAllowedBesideKeys_RejectsOnlyAnUnknownKey(string? key, HttpStatusCode expected)
    {
        await using var api = TestKeys.Api(("Security:AllowAnonymous", "true"));
        await api.InitializeAsync();

        using var response = await api.Get("/v1/models", key is null ? null : TestKeys.Bearer(key));

        Assert.Equal(expected, response.StatusCode);
    }
}
