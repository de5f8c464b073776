using System.Net;

namespace CtfService.Jobs.Webhooks;

/// <summary>Addresses that are not on the public internet: of this machine, of private networks, and reserved ones.</summary>
internal static class PrivateNetworks
{
    /// <summary>From the special-purpose registries of IANA (RFC 6890). IPv6 forms that contain an IPv4 address are decided by it.</summary>
    private static readonly IPNetwork[] Networks =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16",
            "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "::/127", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
        }.Select(IPNetwork.Parse),
    ];

    private static readonly IPNetwork Translated = IPNetwork.Parse("64:ff9b::/96"); // NAT64: the IPv4 address is in the last four bytes

    private static readonly IPNetwork Compatible = IPNetwork.Parse("::/96"); // obsolete form of IPv4 addresses

    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16"); // the IPv4 address is in bytes 2 to 5

    public static bool Contain(IPAddress address) => Networks.Any(network => network.Contains(Plain(address)));

    private static IPAddress Plain(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        var bytes = address.GetAddressBytes();
        return Translated.Contains(address) || (Compatible.Contains(address) && !Networks.Any(network => network.Contains(address)))
            ? new IPAddress(bytes.AsSpan(12, 4))
            : SixToFour.Contains(address) ? new IPAddress(bytes.AsSpan(2, 4)) : address;
    }
}
