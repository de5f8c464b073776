using System.Net;
using System.Net.Sockets;
using CtfService.Gateway.Configuration;

namespace CtfService.Gateway.Replicas;

/// <param name="Host">The Host header of the gateway's own questions: the configured name.</param>
internal sealed record ReplicaAddress(Uri Address, string Host);

/// <summary>
/// Finds the replicas behind the configured addresses. A name with several IP addresses, such as a headless service of Kubernetes or a scaled service of
/// docker compose, stands for one replica at each.
/// </summary>
/// <param name="resolve">Returns the IP addresses of a host name.</param>
internal sealed class ReplicaAddresses(GatewayOptions options, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
{
    private readonly Dictionary<string, IReadOnlyList<ReplicaAddress>> _last = [];

    /// <summary>Returns the replicas of all addresses. A name that cannot be resolved keeps its last replicas. Called by one thread at a time.</summary>
    /// <param name="unresolved">Called with each name that could not be resolved, and the reason.</param>
    public async Task<IReadOnlyList<ReplicaAddress>> FindAsync(Action<string, string> unresolved, CancellationToken cancellation)
    {
        foreach (var address in options.Replicas.Select(text => new Uri(text)))
        {
            try
            {
                _last[address.Authority] = await FindAsync(address, cancellation);
            }
            catch (SocketException error)
            {
                unresolved(address.Host, error.Message);
            }
        }

        return [.. _last.Values.SelectMany(each => each).DistinctBy(each => each.Address)];
    }

    private async Task<IReadOnlyList<ReplicaAddress>> FindAsync(Uri address, CancellationToken cancellation)
    {
        if (address.HostNameType is not UriHostNameType.Dns || address.IsLoopback || address.Scheme != Uri.UriSchemeHttp)
        {
            return [new ReplicaAddress(address, address.Authority)]; // a certificate is for the name, not for an IP address
        }

        var found = await resolve(address.Host, cancellation);
        var isVersion4 = found.Any(each => each.AddressFamily == AddressFamily.InterNetwork); // one address a replica, not one a protocol
        return
        [
            .. found.Where(each => !isVersion4 || each.AddressFamily == AddressFamily.InterNetwork)
                .Select(each => new ReplicaAddress(new UriBuilder(address) { Host = each.ToString() }.Uri, address.Authority))
                .OrderBy(each => each.Address.Authority, StringComparer.Ordinal),
        ];
    }
}
