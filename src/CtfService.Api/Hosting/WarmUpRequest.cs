using System.Net;
using System.Net.Mime;
using System.Text;
using Microsoft.AspNetCore.Http.Features;

namespace CtfService.Api.Hosting;

/// <summary>
/// A request that the service sends to itself, in memory. It needs no key and counts in no limit; nothing that arrives over a network can be taken for one.
/// </summary>
/// <param name="Path">Path of a POST request.</param>
/// <param name="Json">Body.</param>
/// <param name="Accept">Media type of the response.</param>
internal sealed record WarmUpRequest(string Path, string Json, string Accept)
{
    /// <summary>Returns true for a request of the service itself.</summary>
    public static bool Is(HttpContext http) => http.Features.Get<WarmUpRequest>() is not null;

    /// <summary>Runs the request and drops the body of its response.</summary>
    /// <param name="pipeline">The middleware that processes it.</param>
    /// <param name="services">Services of this request.</param>
    /// <returns>The status code of the response.</returns>
    public async Task<int> SendAsync(RequestDelegate pipeline, IServiceProvider services, CancellationToken cancellation)
    {
        var body = Encoding.UTF8.GetBytes(Json);
        var http = new DefaultHttpContext { RequestServices = services, RequestAborted = cancellation };
        http.Features.Set(this);
        http.Features.Set<IHttpRequestBodyDetectionFeature>(new HasBody());
        http.Connection.RemoteIpAddress = IPAddress.Loopback;
        http.Request.Protocol = HttpProtocol.Http11;
        http.Request.Scheme = Uri.UriSchemeHttp;
        http.Request.Host = new HostString("localhost");
        http.Request.Method = HttpMethods.Post;
        http.Request.Path = Path;
        http.Request.ContentType = MediaTypeNames.Application.Json;
        http.Request.ContentLength = body.Length;
        http.Request.Body = new MemoryStream(body);
        http.Request.Headers.Accept = Accept;
        await pipeline(http);
        await http.Response.CompleteAsync();
        return http.Response.StatusCode;
    }

    private sealed class HasBody : IHttpRequestBodyDetectionFeature
    {
        public bool CanHaveBody => true;
    }
}
