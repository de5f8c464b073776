using System.Net;
using CtfService.Gateway.Telemetry;
using Yarp.ReverseProxy.Forwarder;

namespace CtfService.Gateway.Forwarding;

/// <summary>
/// Passes one request to one replica and its answer back. Headers stay as they are, keys and Host included; the gateway sets <c>X-Forwarded-*</c>.
/// </summary>
/// <param name="canAskAnother">Whether an answer of 429 or 503 is held back, because another replica is asked next.</param>
/// <param name="isAnnounced">Whether the replica is asked before it gets the body.</param>
internal sealed class ReplicaTransformer(bool canAskAnother, bool isAnnounced) : HttpTransformer
{
    private const string ForwardedFor = "X-Forwarded-For";
    private const string ForwardedProto = "X-Forwarded-Proto";
    private const string ForwardedHost = "X-Forwarded-Host";

    /// <summary>Whether the replica had no room, and nothing of its answer was passed on.</summary>
    public bool WasBusy { get; private set; }

    public override async ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        Set(proxyRequest, ForwardedFor, httpContext.Connection.RemoteIpAddress?.ToString());
        Set(proxyRequest, ForwardedProto, httpContext.Request.Scheme);
        Set(proxyRequest, ForwardedHost, httpContext.Request.Host.Value);
        proxyRequest.Headers.Remove("Forwarded"); // what a client claims about itself
        proxyRequest.Headers.Remove("X-Original-For");
        proxyRequest.Headers.Remove("X-Original-Proto");
        proxyRequest.Headers.ExpectContinue = isAnnounced;
    }

    public override async ValueTask<bool> TransformResponseAsync(
        HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        if (canAskAnother && proxyResponse is { StatusCode: HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable }
            && !await CallerLimit.IsReasonOfAsync(proxyResponse, cancellationToken))
        {
            WasBusy = true;
            return false;
        }

        httpContext.Response.Headers.Remove(RequestIds.Header);
        return await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
    }

    private static void Set(HttpRequestMessage request, string name, string? value)
    {
        request.Headers.Remove(name);
        if (!string.IsNullOrEmpty(value))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
    }
}
