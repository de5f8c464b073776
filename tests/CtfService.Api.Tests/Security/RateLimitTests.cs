using System.Net;
using CtfService.Api.Security;

namespace CtfService.Api.Tests.Security;

/// <summary>Rate limits of single callers. Windows follow the fake clock of the service.</summary>
public sealed class RateLimitTests
{
    private static readonly (string Key, string Value) TwoAMinute = ("Security:RequestsPerMinute", "2");

    [Fact]
    public async Task Get_AboveTheLimit_Returns429WithRetryAfterAndCode()
    {
        await using var api = TestKeys.Api(TwoAMinute);
        await api.InitializeAsync();
        await Spend(api, TestKeys.Bearer(TestKeys.Studio), requests: 2);

        using var refused = await api.Get("/v1/models", TestKeys.Bearer(TestKeys.Studio));

        var error = await refused.Error(HttpStatusCode.TooManyRequests);
        Assert.Equal(("invalid_request_error", "rate_limit_exceeded"), (error.Type, error.Code));
        Assert.Equal(TimeSpan.FromMinutes(1), refused.Headers.RetryAfter!.Delta);
        Assert.Equal(
            "This key has used 2 of its 2 requests per minute (RequestsPerMinute), and this asks for 1 more. They are counted anew in 1m0s. "
            + "Try again then, or ask the operator of this service to raise the limit.",
            error.Message);
    }

    [Fact]
    public async Task Get_OneKeyIsAtItsLimit_TheOtherIsServed()
    {
        await using var api = TestKeys.Api(TwoAMinute);
        await api.InitializeAsync();
        await Spend(api, TestKeys.Bearer(TestKeys.Studio), requests: 2);

        using var other = await api.Get("/v1/models", TestKeys.Bearer(TestKeys.Operator));

        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Theory]
    [InlineData("1", HttpStatusCode.TooManyRequests)]
    [InlineData("3", HttpStatusCode.OK)]
    [InlineData("0", HttpStatusCode.OK)]
    public async Task Get_KeyHasALimit_OverridesTheGeneralOne(string limit, HttpStatusCode second)
    {
        await using var api = TestKeys.Api(("Security:RequestsPerMinute", "1"), ("Security:ApiKeys:0:RequestsPerMinute", limit));
        await api.InitializeAsync();
        await Spend(api, TestKeys.Bearer(TestKeys.Studio), requests: 1);

        using var response = await api.Get("/v1/models", TestKeys.Bearer(TestKeys.Studio));

        Assert.Equal(second, response.StatusCode);
    }

    [Fact]
    public async Task Get_UnknownKeys_AreLimitedByAddress()
    {
        await using var api = TestKeys.Api(TwoAMinute);
        await api.InitializeAsync();
        using var first = await api.Get("/v1/models", TestKeys.Bearer("guess-1"));
        using var second = await api.Get("/v1/models", TestKeys.Bearer("guess-2"));

        using var third = await api.Get("/v1/models", TestKeys.Bearer("guess-3"));

        Assert.Equal(
            [HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized, HttpStatusCode.TooManyRequests],
            [first.StatusCode, second.StatusCode, third.StatusCode]);
    }

    [Fact]
    public async Task Get_ProbesAtTheLimit_AreServed()
    {
        await using var api = TestKeys.Api(TwoAMinute);
        await api.InitializeAsync();
        await Spend(api, header: null, requests: 3);

        using var probe = await api.Get("/health/ready");

        Assert.Equal(HttpStatusCode.OK, probe.StatusCode);
    }

    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7")]
    [InlineData("::ffff:192.0.2.7", "192.0.2.7")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
    [InlineData("2001:db8:1:2::9", "2001:db8:1:2::")]
    [InlineData("2001:db8:1:3::9", "2001:db8:1:3::")]
    public void Network_Address_IsTheUsualNetworkOfOneCustomer(string address, string expected) =>
        Assert.Equal(IPAddress.Parse(expected), RateLimits.Network(IPAddress.Parse(address)));

    private static async Task Spend(TestApi api, (string Name, string Value)? header, int requests)
    {
        for (var i = 0; i < requests; i++)
        {
            using var response = await api.Get("/v1/models", header);
        }
    }
}
