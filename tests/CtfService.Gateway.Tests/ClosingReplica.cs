using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CtfService.Gateway.Tests;

/// <summary>
/// A replica that answers probes, and closes the connection of any other request as soon as its headers have arrived, as a server does that closes an idle
/// connection in the moment in which a request comes.
/// </summary>
internal sealed class ClosingReplica : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _serving;
    private int _closed;

    public ClosingReplica()
    {
        _listener.Start();
        Address = $"http://{_listener.LocalEndpoint}";
        _serving = ServeAsync();
    }

    public string Address { get; }

    /// <summary>Requests that found their connection closed.</summary>
    public int Closed => Volatile.Read(ref _closed);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            _ = ServeAsync(await _listener.AcceptTcpClientAsync(_end.Token));
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            while (await ReadHeadAsync(client.GetStream()) is { Length: > 0 } head)
            {
                if (!head.StartsWith("GET ", StringComparison.Ordinal))
                {
                    Interlocked.Increment(ref _closed);
                    return;
                }

                var body = head.Contains("/health/ready", StringComparison.Ordinal) ? """{"status":"ready"}""" : """{"object":"list","data":[]}""";
                await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}"), _end.Token);
            }
        }
    }

    private async Task<string> ReadHeadAsync(NetworkStream stream)
    {
        var (text, buffer) = (new StringBuilder(), new byte[4_096]);
        for (int count; (count = await stream.ReadAsync(buffer, _end.Token)) > 0;)
        {
            text.Append(Encoding.ASCII.GetString(buffer, 0, count));
            if (text.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
            {
                break;
            }
        }

        return text.ToString();
    }
}
