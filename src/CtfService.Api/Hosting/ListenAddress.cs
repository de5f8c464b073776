using System.Net;

namespace CtfService.Api.Hosting;

/// <summary>An address that the web server is configured to listen on, read as the web server reads its settings.</summary>
/// <param name="Setting">Key of the setting.</param>
internal sealed record ListenAddress(string Setting, string Url)
{
    /// <summary>True if the web server can parse the address.</summary>
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

    /// <summary>True if the web server needs a certificate for the address.</summary>
    public bool IsEncrypted => Url.StartsWith("https:", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// True if only this machine can connect. Kestrel listens on all networks for any host that is neither an IP address nor <c>localhost</c>. A malformed
    /// address counts as reachable; the options validation refuses it.
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

    /// <summary>The address for clients on this machine; null for a socket without a TCP port and for a malformed address.</summary>
    public Uri? FromThisMachine
    {
        get
        {
            try
            {
                var address = BindingAddress.Parse(Url);
                var host = IPAddress.TryParse(address.Host, out var ip) && !ip.Equals(IPAddress.Any) && !ip.Equals(IPAddress.IPv6Any)
                    ? address.Host
                    : "localhost";
                return address.IsUnixPipe || address.IsNamedPipe ? null : new Uri($"{address.Scheme}://{host}:{address.Port}");
            }
            catch (FormatException)
            {
                return null;
            }
        }
    }

    /// <summary>
    /// Returns the configured addresses: those of <c>Kestrel:Endpoints</c>, otherwise <c>Urls</c> (also ASPNETCORE_URLS and --urls), otherwise
    /// <c>HTTP_PORTS</c> and <c>HTTPS_PORTS</c>, which the .NET container images set. If none is set, the default of Kestrel applies, which is local.
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
