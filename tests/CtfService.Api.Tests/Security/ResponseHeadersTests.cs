using System.Net;
using CtfService.Api.Contracts;
using CtfService.Inference.Routing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.Api.Tests.Security;

/// <summary>Security headers of every response, and internals that no response reveals.</summary>
public sealed class ResponseHeadersTests(TestApi api) : IClassFixture<TestApi>
{
    [Theory]
    [InlineData("/v1/models", "default-src 'none'; frame-ancestors 'none'")]
    [InlineData("/v1/nothing", "default-src 'none'; frame-ancestors 'none'")]
    [InlineData("/V1/models", "default-src 'none'; frame-ancestors 'none'")]
    [InlineData("/swagger/index.html", "script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:")]
    [InlineData("/Swagger/index.html", "style-src 'self' 'unsafe-inline'")]
    [InlineData("/", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;")]
    [InlineData("/studio/app.js", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;")]
    [InlineData("/nothing", "frame-ancestors 'none'")]
    public async Task Any_Response_HasSecurityHeaders(string path, string policy)
    {
        using var response = await api.Get(path);

        Assert.Equal("nosniff", Header(response, "X-Content-Type-Options"));
        Assert.Equal("no-referrer", Header(response, "Referrer-Policy"));
        Assert.Equal("same-origin", Header(response, "Cross-Origin-Resource-Policy"));
        Assert.Contains(policy, Header(response, "Content-Security-Policy"), StringComparison.Ordinal);
        Assert.NotEmpty(Header(response, "X-Request-Id"));
        Assert.False(response.Headers.Contains("Server"));
        Assert.False(response.Headers.Contains("Strict-Transport-Security"));
    }

    [Theory]
    [InlineData("https://ctf.example.org/v1/models", true)]
    [InlineData("http://ctf.example.org/v1/models", false)]
    [InlineData("https://localhost/v1/models", false)]
    public async Task Hsts_Response_IsSentOnlyOverHttpsForAPublicName(string url, bool expected)
    {
        using var response = await api.Client.GetAsync(new Uri(url));

        Assert.Equal(expected, response.Headers.Contains("Strict-Transport-Security"));
    }

    [Fact]
    public async Task Hsts_RefusedImageRequest_IsKept()
    {
        using var content = new StringContent("""{"class_label": "no such class"}""", System.Text.Encoding.UTF8, "application/json");

        using var response = await api.Client.PostAsync(new Uri("https://ctf.example.org/v1/images/generations"), content);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.True(response.Headers.Contains("Strict-Transport-Security"));
    }

    [Theory]
    [InlineData("Production")]
    [InlineData("Development")]
    public async Task UnexpectedError_Response_HasHeadersAndNoInternals(string environment)
    {
        using var host = api.WithWebHostBuilder(web =>
        {
            web.UseSetting("environment", environment);
            web.ConfigureTestServices(services => services.AddSingleton<IModelRouter, BrokenRouter>());
        });
        using var client = host.CreateClient();
        using var content = new StringContent("""{"class_label": 0}""", System.Text.Encoding.UTF8, "application/json");

        using var response = await client.PostAsync(new Uri(TestApi.Images, UriKind.Relative), content);

        var text = await response.Content.ReadAsStringAsync();
        Assert.Equal("internal_error", (await response.Error(HttpStatusCode.InternalServerError)).Code);
        Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
        Assert.Contains(Header(response, CustomHeaders.RequestId), text, StringComparison.Ordinal);
        Assert.Equal("nosniff", Header(response, "X-Content-Type-Options"));
    }

    private static string Header(HttpResponseMessage response, string name) => Assert.Single(response.Headers.GetValues(name));

    private sealed class BrokenRouter : IModelRouter
    {
        public IReadOnlyList<InstanceReport> Instances => [];

        public SwitchOutcome? LastSwitch => null;

        public ModelLease Lease() => throw new InvalidOperationException("secret of the host");

        public Task<ModelSwitch> SwitchAsync(ModelOrigin origin) => throw new NotSupportedException();
    }
}
