using System.Net;
using CtfService.Api.Security;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CtfService.Api.Tests.Security;

/// <summary>Which keys are accepted, and the errors for all others.</summary>
public sealed class ApiKeyTests : IAsyncLifetime, IAsyncDisposable
{
    private readonly TestApi _api = TestKeys.Api();

    public Task InitializeAsync() => _api.InitializeAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask(); // xunit 2 calls only this one

    [Theory]
    [InlineData("Authorization", "Bearer " + TestKeys.Studio)]
    [InlineData("Authorization", "bearer " + TestKeys.Operator)]
    [InlineData("x-api-key", TestKeys.Studio)]
    [InlineData("X-API-KEY", TestKeys.Operator)]
    public async Task Get_KnownKey_IsServed(string header, string value)
    {
        using var response = await _api.Get("/v1/models", (header, value));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("Authorization", "Bearer ctf_unknown")]
    [InlineData("Authorization", "Bearer " + TestKeys.Studio + "x")]
    [InlineData("Authorization", "Bearer CTF_STUDIO-KEY-OF-THE-TESTS")]
    [InlineData("Authorization", "Bearer " + TestKeys.Studio + ", Bearer " + TestKeys.Studio)]
    [InlineData("x-api-key", "ctf_unknown")]
    public async Task Get_UnknownKey_Returns401WithoutRepeatingIt(string header, string value)
    {
        using var response = await _api.Get("/v1/models", (header, value));

        var error = await response.Error(HttpStatusCode.Unauthorized);
        Assert.Equal(("invalid_request_error", null, "invalid_api_key"), (error.Type, error.Param, error.Code));
        Assert.Equal("Bearer realm=\"ctf-service\", error=\"invalid_token\"", response.Headers.WwwAuthenticate.ToString());
        Assert.DoesNotContain("ctf_unknown", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_api.Logs.Entries, entry => entry.Text.Contains("ctf_unknown", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Get_HashInsteadOfTheKey_Returns401()
    {
        using var response = await _api.Get("/v1/models", TestKeys.Bearer(TestKeys.Hash(TestKeys.Studio)));

        Assert.Equal("invalid_api_key", (await response.Error(HttpStatusCode.Unauthorized)).Code);
    }

    [Theory]
    [InlineData(null, "")]
    [InlineData("Authorization", "Basic dXNlcjpwYXNz")]
    [InlineData("Authorization", "Bearer ")]
    [InlineData("x-api-key", "")]
    [InlineData("api-key", TestKeys.Studio)]
    public async Task Get_NoKey_Returns401WithInstructions(string? header, string value)
    {
        using var response = await _api.Get("/v1/models", header is null ? null : (header, value));

        var error = await response.Error(HttpStatusCode.Unauthorized);
        Assert.Equal("missing_api_key", error.Code);
        Assert.Contains("Authorization: Bearer KEY", error.Message, StringComparison.Ordinal);
        Assert.Equal("Bearer realm=\"ctf-service\"", response.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task Post_NoKey_Returns401BeforeTheBodyIsRead()
    {
        using var response = await _api.PostImages("this is no JSON");

        Assert.Equal("missing_api_key", (await response.Error(HttpStatusCode.Unauthorized)).Code);
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    [InlineData("/health/startup")]
    [InlineData("/swagger/index.html")]
    [InlineData("/swagger/v1/swagger.json")]
    public async Task Get_ProbesAndDescription_NeedNoKey(string path)
    {
        using var response = await _api.Get(path);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public void Endpoints_UnderV1_RequireAKeyAndAreRateLimited()
    {
        var endpoints = _api.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText!.TrimStart('/').StartsWith("v1", StringComparison.Ordinal))
            .ToList();

        Assert.NotEmpty(endpoints);
        Assert.All(endpoints, endpoint =>
        {
            Assert.NotNull(endpoint.Metadata.GetMetadata<IAuthorizeData>());
            Assert.NotNull(endpoint.Metadata.GetMetadata<RateLimitedEndpoint>());
        });
    }

    [Fact]
    public async Task Get_Rejected_LogsCallerAndPath()
    {
        using var response = await _api.Get("/v1/classes", TestKeys.Bearer("ctf_unknown"));

        var (level, text) = Assert.Single(_api.Logs.Entries, entry => entry.Text.StartsWith("Refused", StringComparison.Ordinal));
        Assert.Equal((LogLevel.Information, true), (level, text.Contains("GET /v1/classes", StringComparison.Ordinal)));
        Assert.Contains("unknown key", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TestKeys.Operator, HttpStatusCode.OK, null)]
    [InlineData(TestKeys.Studio, HttpStatusCode.Forbidden, "admin_key_required")]
    [InlineData("ctf_unknown", HttpStatusCode.Unauthorized, "invalid_api_key")]
    [InlineData(null, HttpStatusCode.Unauthorized, "missing_api_key")]
    public async Task AdminEndpoint_Key_MustBeAnAdminKey(string? key, HttpStatusCode expected, string? code)
    {
        using var response = await _api.Get("/v1/admin/models", key is null ? null : TestKeys.Bearer(key));

        Assert.Equal(expected, response.StatusCode);
        if (code is not null)
        {
            Assert.Equal(code, (await response.Error(expected)).Code);
        }
    }
}
