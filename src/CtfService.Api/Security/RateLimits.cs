using System.Net;
using System.Net.Sockets;

namespace CtfService.Api.Security;

/// <summary>Names the callers whose requests and images are counted: each key, and each address without a key.</summary>
internal static class RateLimits
{
    /// <summary>Prefix of the name of a caller without a key.</summary>
    internal const string OfAddress = "address ";

    /// <summary>Prefix of the name of a caller with a key.</summary>
    internal const string OfKey = "key ";

    /// <summary>Prefix length of an IPv6 network; providers assign at least this much to one customer.</summary>
    private const int NetworkBytes = 8;

    /// <summary>Number of buckets of addresses, each with a counter for each limit.</summary>
    internal const int AddressBuckets = 65_536;

    /// <summary>Returns the name of the caller: the API key or, without one, the address or network.</summary>
    internal static string Caller(HttpContext context) =>
        context.User.Identity?.Name is { } key ? $"{OfKey}{key}" : $"{OfAddress}{Network(context.Connection.RemoteIpAddress)}";

    /// <summary>
    /// Returns the bucket of the caller. Each key has its own. Addresses are spread over a fixed number of buckets, so that memory does not grow with the
    /// number of addresses; two addresses rarely share one.
    /// </summary>
    internal static string BucketOf(HttpContext context) =>
        context.User.Identity?.Name is { } key ? $"{OfKey}{key}" : AddressBucket(Network(context.Connection.RemoteIpAddress));

    /// <summary>Returns the bucket of a network. The hash is seeded per process, so a caller cannot choose addresses that share a bucket.</summary>
    internal static string AddressBucket(IPAddress? network) => $"{OfAddress}{(uint)HashCode.Combine(network) % AddressBuckets}";

    /// <summary>Returns the address, or the /64 network of an IPv6 address.</summary>
    internal static IPAddress? Network(IPAddress? address)
    {
        if (address is not { AddressFamily: AddressFamily.InterNetworkV6 })
        {
            return address;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        var network = address.GetAddressBytes();
        network.AsSpan(NetworkBytes).Clear();
        return new IPAddress(network);
    }
}
