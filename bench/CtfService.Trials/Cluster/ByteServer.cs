using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace CtfService.Trials.Cluster;

/// <summary>
/// A replica that costs almost nothing: answers <c>bytes/N</c> below any path with N bytes, <c>events/N</c> with a stream of N events, and probes as a ready
/// replica does.
/// </summary>
internal sealed partial class ByteServer : IAsyncDisposable
{
    private const string ContentLength = "Content-Length:";

    private static readonly byte[] Event = Encoding.ASCII.GetBytes($"1008\r\ndata: {new string('x', 4_096)}\n\n\r\n"); // a chunk

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

    /// <summary>Requests come one after another; their bodies are ASCII.</summary>
    private async Task ServeAsync(TcpClient client)
    {
        client.NoDelay = true;
        using (client)
        using (var reader = new StreamReader(client.GetStream(), Encoding.ASCII))
        {
            while (await reader.ReadLineAsync(_end.Token) is { } first)
            {
                var length = 0;
                while (await reader.ReadLineAsync(_end.Token) is { Length: > 0 } header)
                {
                    if (header.StartsWith(ContentLength, StringComparison.OrdinalIgnoreCase))
                    {
                        length = int.Parse(header.AsSpan(ContentLength.Length), CultureInfo.InvariantCulture);
                    }
                }

                if (length > 0)
                {
                    await reader.ReadBlockAsync(new char[length], _end.Token);
                }

                await AnswerAsync(first, client.GetStream());
            }
        }
    }

    private async Task AnswerAsync(string first, NetworkStream stream)
    {
        var match = Asked().Match(first);
        var number = match.Success ? int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture) : 0;
        if (match.Groups["kind"].Value == "events")
        {
            await stream.WriteAsync(Head("text/event-stream", "Transfer-Encoding: chunked"), _end.Token);
            for (var sent = 0; sent < number; sent++)
            {
                await stream.WriteAsync(Event, _end.Token);
            }

            await stream.WriteAsync("0\r\n\r\n"u8.ToArray(), _end.Token);
            return;
        }

        var body = match.Success ? new byte[number] : Encoding.ASCII.GetBytes("""{"object":"list","data":[],"status":"ready"}""");
        await stream.WriteAsync((byte[])[.. Head("image/png", $"Content-Length: {body.Length}"), .. body], _end.Token);
    }

    private static byte[] Head(string type, string framing) => Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\n{framing}\r\n\r\n");

    [GeneratedRegex("^(GET|POST) /v1/images/(?<kind>bytes|events)/(?<number>\\d+) ")]
    private static partial Regex Asked();
}
