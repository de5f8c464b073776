using System.Net;
using System.Net.Sockets;
using CtfService.Api.Configuration;

namespace CtfService.Api.Security;

/// <summary>Tries every address before the web server does, which would stop at the first with a stack trace in the log.</summary>
internal static class ListenCheck
{
    /// <exception cref="StartRefusedException">There is an address that the service cannot listen on now.</exception>
    public static void Require(IConfiguration configuration)
    {
        var problems = ListenAddress.Read(configuration)
            .Select(address => (address, Fault: Fault(address)))
            .Where(tried => tried.Fault is not null)
            .Select(tried => $"{tried.address.Setting} is '{tried.address.Url}', {tried.Fault}")
            .ToList();
        if (problems.Count > 0)
        {
            throw new StartRefusedException(problems);
        }
    }

    private static string? Fault(ListenAddress address)
    {
        var binding = BindingAddress.Parse(address.Url);
        if (binding.IsUnixPipe || binding.IsNamedPipe)
        {
            return null;
        }

        var isLocalhost = binding.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase);
        if (binding.Port == 0)
        {
            return isLocalhost ? $"but a port that the system chooses needs an IP address: {binding.Scheme}://127.0.0.1:0." : null;
        }

        var (ip, isDual) = IPAddress.TryParse(binding.Host, out var known) ? (known, false)
            : isLocalhost ? (IPAddress.Loopback, false)
            : Socket.OSSupportsIPv6 ? (IPAddress.IPv6Any, true)
            : (IPAddress.Any, false);
        try
        {
            using var listener = new TcpListener(ip, binding.Port);
            if (isDual)
            {
                listener.Server.DualMode = true;
            }

            listener.Start();
            return null;
        }
        catch (SocketException refused)
        {
            return refused.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => $"but another program listens on port {binding.Port}. Stop it, or choose another port.",
                SocketError.AccessDenied => $"but this user may not listen on port {binding.Port}. Choose a port from 1024 on, or give the program the right (CAP_NET_BIND_SERVICE).",
                SocketError.AddressNotAvailable => $"but this machine has no address {binding.Host}. Name one that it has, or localhost.",
                _ => $"which cannot be listened on: {refused.Message}.",
            };
        }
    }
}
