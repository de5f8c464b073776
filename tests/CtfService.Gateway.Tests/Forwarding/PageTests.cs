using System.Net;
using Microsoft.AspNetCore.Http;

namespace CtfService.Gateway.Tests.Forwarding;

/// <summary>The page of the replicas is at the address of the gateway.</summary>
public sealed class PageTests
{
    [Theory]
    [InlineData("/")]
    [InlineData("/studio/app.js")]
    [InlineData("/v1/classes/3/image?seed=1")]
    public async Task File_OfThePage_ComesFromAReplicaWithItsHeaders(string path)
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var gateway = await TestGateway.StartAsync(a);
        a.Answer = context =>
        {
            Assert.Equal(path, $"{context.Request.Path}{context.Request.QueryString}");
            context.Response.Headers.ETag = "\"1\"";
            context.Response.Headers.CacheControl = "no-cache";
            context.Response.Headers.ContentSecurityPolicy = "default-src 'none'";
            context.Response.Headers.ContentEncoding = "br";
            context.Response.StatusCode = context.Request.Headers.IfNoneMatch == "\"1\"" ? StatusCodes.Status304NotModified : StatusCodes.Status200OK;
            return Task.CompletedTask;
        };

        using var response = await gateway.Client.GetAsync(new Uri(path, UriKind.Relative));
        using var again = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "If-None-Match", "\"1\"" } } };
        using var known = await gateway.Client.SendAsync(again);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("\"1\"", response.Headers.ETag?.ToString());
        Assert.Equal("no-cache", response.Headers.CacheControl?.ToString());
        Assert.Equal("default-src 'none'", Assert.Single(response.Headers.GetValues("Content-Security-Policy")));
        Assert.Equal("br", Assert.Single(response.Content.Headers.ContentEncoding));
        Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
    }
}
