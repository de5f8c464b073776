using System.Diagnostics;
using System.Net;
using CtfService.Gateway.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace CtfService.Gateway.Replicas;

/// <summary>The connections to all replicas. Redirects, cookies and compressed bodies are passed on and not interpreted.</summary>
internal sealed class ReplicaClient(GatewayOptions options) : IDisposable
{
    /// <summary>Shorter than the keep-alive of the replicas' server (130 s), which would close a connection in the moment that it is used again.</summary>
    private static readonly TimeSpan IdleConnection = TimeSpan.FromSeconds(30);

    public HttpMessageInvoker Invoker { get; } = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = options.ConnectTimeout,
        Expect100ContinueTimeout = options.ConnectTimeout,
        PooledConnectionIdleTimeout = IdleConnection,
        ActivityHeadersPropagator = new ReverseProxyPropagator(DistributedContextPropagator.Current),
    });

    public void Dispose() => Invoker.Dispose();
}
