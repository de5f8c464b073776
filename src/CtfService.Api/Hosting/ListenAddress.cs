using System.Net;

namespace CtfService.Api.Hosting;

/// <summary>Where the web server is told to listen, read the way it reads its own settings.</summary>
/// <param name="Setting">The key that says so.</param>
internal sealed record ListenAddress(string Setting, string Url)
{
    /// <summary>Whether the web server can make sense of it.</summary>
    public bool IsReadable
    {
        get
        {
            try
            {
                var address = BindingAddress.Parse(Url);
                return address.Scheme is "http" or "https" && address.Port is >= 0 and <= ushort.MaxValue;
            }
            catch (FormatException)
            {
                return false;
            }
        }
    }

    /// <summary>Whether the web server needs a certificate for it.</summary>
    public bool IsEncrypted => Url.StartsWith("https:", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Whether only this machine can connect. Kestrel listens on every network for any host that is no IP address and not <c>localhost</c>;
    /// an address that cannot be read counts as reachable; the validator of the settings refuses it.
    /// </summary>
    public bool IsLocal
    {
        get
        {
            try
            {
                var address = BindingAddress.Parse(Url);
                return address.IsUnixPipe
                    || address.IsNamedPipe
                    || address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
                    || (IPAddress.TryParse(address.Host, out var ip) && IPAddress.IsLoopback(ip));
            }
            catch (FormatException)
            {
                return false;
            }
        }
    }

    /// <summary>The address as a program on this machine reaches it; null for a socket that is no TCP port, and for what cannot be read.</summary>
    public Uri? FromThisMachine
    {
        get
        {
            try
            {
                var address = BindingAddress.Parse(Url);
                var host = IPAddress.TryParse(address.Host, out var ip) && !ip.Equals(IPAddress.Any) && !ip.Equals(IPAddress.IPv6Any) ? address.Host : "localhost";
                return address.IsUnixPipe || address.IsNamedPipe ? null : new Uri($"{address.Scheme}://{host}:{address.Port}");
            }
            catch (FormatException)
            {
                return null;
            }
        }
    }

    /// <summary>
    /// <c>Kestrel:Endpoints</c> wins; else <c>Urls</c> (also ASPNETCORE_URLS and --urls); else <c>HTTP_PORTS</c> and <c>HTTPS_PORTS</c>, as .NET's container
    /// images set them; else Kestrel's default, which is local.
    /// </summary>
    public static IReadOnlyList<ListenAddress> Read(IConfiguration configuration)
    {
        var endpoints = configuration.GetSection("Kestrel:Endpoints").GetChildren()
            .Select(endpoint => new ListenAddress($"{endpoint.Path}:Url", endpoint["Url"] ?? ""))
            .ToList();
        if (endpoints.Count > 0)
        {
            return endpoints;
        }

        var urls = Split(configuration["Urls"]).Select(url => new ListenAddress("Urls", url)).ToList();
        return urls.Count > 0 ? urls : [.. Ports(configuration, "HTTP_PORTS", "http"), .. Ports(configuration, "HTTPS_PORTS", "https")];
    }

    private static IEnumerable<ListenAddress> Ports(IConfiguration configuration, string setting, string scheme) =>
        Split(configuration[setting]).Select(port => new ListenAddress(setting, $"{scheme}://*:{port}"));

    private static string[] Split(string? list) => (list ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
