using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace CtfService.JobTrials.Cluster;

/// <summary>A replica that costs nothing: answers <c>/v1/bytes/N</c> with N bytes, and probes as a ready replica does.</summary>
internal sealed partial class ByteServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private Task _serving = Task.CompletedTask;

    private ByteServer()
    {
    }

    public string Address => $"http://{_listener.LocalEndpoint}";

    public static ByteServer Start()
    {
        var server = new ByteServer();
        server._listener.Start();
        server._serving = server.ServeAsync();
        return server;
    }

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

    /// <summary>Requests have no body and come one after another.</summary>
    private async Task ServeAsync(TcpClient client)
    {
        client.NoDelay = true;
        using (client)
        using (var reader = new StreamReader(client.GetStream(), Encoding.ASCII))
        {
            while (await reader.ReadLineAsync(_end.Token) is { } first)
            {
                while (await reader.ReadLineAsync(_end.Token) is { Length: > 0 })
                {
                }

                await client.GetStream().WriteAsync(Answer(first), _end.Token);
            }
        }
    }

    private static byte[] Answer(string first)
    {
        var body = Size().Match(first) is { Success: true } match
            ? new byte[int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)]
            : Encoding.ASCII.GetBytes("""{"object":"list","data":[],"status":"ready"}""");
        return [.. Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: {body.Length}\r\n\r\n"), .. body];
    }

    [GeneratedRegex(@"^GET /v1/bytes/(\d+) ")]
    private static partial Regex Size();
}
