using System.Net;

namespace CtfService.Api.Tests.Bodies;

/// <summary>HEAD responds like GET, without a body.</summary>
public sealed class HeadRequestTests(TestApi api) : IClassFixture<TestApi>
{
    [Theory]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    [InlineData("/health/startup")]
    [InlineData("/v1/models")]
    [InlineData("/v1/models/fruits-fake")]
    [InlineData("/v1/classes?q=apple")]
    [InlineData("/v1/classes/1/image")]
    [InlineData("/v1/status")]
    [InlineData("/metrics")]
    [InlineData("/swagger/v1/swagger.json")]
    [InlineData("/swagger/index.html")]
    [InlineData("/")]
    [InlineData("/studio/app.js")]
    [InlineData("/v1/models/other")]
    [InlineData("/v1/admin/models")]
    public async Task Head_RouteWithAGet_RespondsLikeItWithoutABody(string path)
    {
        using var get = await api.Client.GetAsync(new Uri(path, UriKind.Relative));
        using var head = await api.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, path));

        Assert.Equal((get.StatusCode, get.Content.Headers.ContentType), (head.StatusCode, head.Content.Headers.ContentType));
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Head_RouteWithoutAGet_IsRejected()
    {
        using var head = await api.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, TestApi.Images));

        Assert.Equal(HttpStatusCode.MethodNotAllowed, head.StatusCode);
    }
}
