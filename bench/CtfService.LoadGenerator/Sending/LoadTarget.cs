using System.Net;
using System.Net.Http.Headers;

namespace CtfService.LoadGenerator.Sending;

/// <summary>The service that gets the load.</summary>
/// <param name="Address">Scheme, host and port.</param>
/// <param name="ApiKey">Null to send none.</param>
public sealed record LoadTarget(Uri Address, string? ApiKey)
{
    /// <summary>Creates a client with connections of its own: HTTP/1.1, as many as needed, without redirects, cookies and a time limit.</summary>
    public HttpClient CreateClient()
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ActivityHeadersPropagator = null, // no tracing in each request
        };
        var client = new HttpClient(handler) { BaseAddress = Address, Timeout = Timeout.InfiniteTimeSpan, DefaultRequestVersion = HttpVersion.Version11 };
        if (ApiKey is not null)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ApiKey);
        }

        return client;
    }
}
