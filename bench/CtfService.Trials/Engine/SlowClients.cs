using System.Net.Sockets;
using System.Text;

namespace CtfService.Trials.Engine;

/// <summary>Clients of raw connections that do almost nothing.</summary>
internal static class SlowClients
{
    private static readonly TimeSpan BetweenBytes = TimeSpan.FromSeconds(1); // real time, by which the service measures slow clients

    /// <summary>Requests an image and waits for the first byte of the answer.</summary>
    public static async Task<TcpClient> RequestAsync(int port, CancellationToken cancellation)
    {
        var client = await OpenAsync(port, cancellation);
        var stream = client.GetStream();
        const string Body = "{\"class_label\":1,\"seed\":5}";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nAccept: image/png\r\nContent-Type: application/json\r\n"
            + $"Content-Length: {Body.Length}\r\n\r\n{Body}"), cancellation);
        await stream.ReadExactlyAsync(new byte[1], cancellation);
        return client;
    }

    /// <summary>Reads a byte a second for a time, then closes the connection.</summary>
    public static async Task ReadAsync(TcpClient client, TimeSpan time, CancellationToken cancellation)
    {
        using (client)
        {
            var one = new byte[1];
            for (var waited = TimeSpan.Zero; waited < time && await client.GetStream().ReadAsync(one, cancellation) > 0; waited += BetweenBytes)
            {
                await Task.Delay(BetweenBytes, TimeProvider.System, cancellation);
            }
        }
    }

    /// <summary>Sends a byte a second of a body and returns the first line of the answer; empty if the connection was closed without one.</summary>
    public static async Task<string> WriteAsync(int port, CancellationToken cancellation)
    {
        using var client = await OpenAsync(port, cancellation);
        var stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.ASCII);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            "POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 600\r\n\r\n{"), cancellation);
        var answer = reader.ReadLineAsync(cancellation).AsTask();
        while (!answer.IsCompleted)
        {
            await Task.Delay(BetweenBytes, TimeProvider.System, cancellation);
            try
            {
                await stream.WriteAsync(" "u8.ToArray(), cancellation);
            }
            catch (IOException)
            {
                break; // closed by the service
            }
        }

        try
        {
            return await answer ?? "";
        }
        catch (IOException)
        {
            return "";
        }
    }

    /// <summary>Opens connections that send nothing.</summary>
    public static async Task<IReadOnlyList<TcpClient>> IdleAsync(int port, int count, CancellationToken cancellation)
    {
        var clients = new List<TcpClient>();
        while (clients.Count < count)
        {
            clients.Add(await OpenAsync(port, cancellation));
        }

        return clients;
    }

    private static async Task<TcpClient> OpenAsync(int port, CancellationToken cancellation)
    {
        var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port, cancellation);
        return client;
    }
}
