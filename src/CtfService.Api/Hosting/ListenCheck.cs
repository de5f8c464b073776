using System.Net;
using System.Net.Sockets;

namespace CtfService.Api.Hosting;

/// <summary>Tries all addresses before the web server does, which would stop at the first failure with a stack trace in the log.</summary>
internal static class ListenCheck
{
    /// <exception cref="StartRefusedException">The service cannot listen on an address.</exception>
    public static async Task RequireAsync(IConfiguration configuration)
    {
        var addresses = ListenAddress.Read(configuration);
        var problems = addresses
            .Select(address => (address, Problem: Problem(address)))
            .Where(tried => tried.Problem is not null)
            .Select(tried => $"{tried.address.Setting} is '{tried.address.Url}', {tried.Problem}")
            .ToList();
        if (problems.Count == 0 && addresses.FirstOrDefault(address => address.IsEncrypted) is { } encrypted
            && await ServerProblemAsync(configuration) is { } refused)
        {
            problems.Add(
                $"{encrypted.Setting} is '{encrypted.Url}', but HTTPS cannot be served: {refused} Name a certificate in Kestrel:Certificates:Default:Path, "
                + "with its Password or KeyPath, or listen on http and let a proxy encrypt.");
        }

        if (problems.Count > 0)
        {
            throw new StartRefusedException(problems);
        }
    }

    /// <param name="refused">Error of the socket.</param>
    internal static string Describe(SocketException refused, BindingAddress address) => refused.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => $"but another program listens on port {address.Port}. Stop it, or choose another port.",
        SocketError.AccessDenied =>
            $"but this user may not listen on port {address.Port}. Choose a port from 1024 on, or grant the program CAP_NET_BIND_SERVICE.",
        SocketError.AddressNotAvailable => $"but this machine has no address {address.Host}. Name one that it has, or localhost.",
        _ => $"but the service cannot listen on it: {refused.Message}.",
    };

    private static string? Problem(ListenAddress address)
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
            return Describe(refused, binding);
        }
    }

    /// <summary>Briefly starts a web server with the same settings and without a log: nothing else supports all forms of certificates.</summary>
    private static async Task<string?> ServerProblemAsync(IConfiguration configuration)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddConfiguration(configuration);
        builder.WebHost.UseKestrel((_, server) => server.Configure(configuration.GetSection("Kestrel")));
        await using var server = builder.Build();
        try
        {
            await server.StartAsync();
            await server.StopAsync();
            return null;
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return error.Message.Split('\n')[0].Trim().TrimEnd('.') + "."; // commands for developers follow
        }
    }
}
