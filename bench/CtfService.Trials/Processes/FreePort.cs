using System.Net;
using System.Net.Sockets;

namespace CtfService.Trials.Processes;

/// <summary>Finds ports of this machine that are not in use.</summary>
internal static class FreePort
{
    public static int Next()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
