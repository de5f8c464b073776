using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CtfService.Gateway.Tests.Forwarding;

/// <summary>Input that no client should send: the gateway answers or closes the connection, and serves the next request.</summary>
public sealed class HostileRequestTests
{
    private const string Post = "POST /v1/images/generations HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nConnection: close\r\n";

    private static readonly string Form = Post.Replace("application/json", "multipart/form-data; boundary=x", StringComparison.Ordinal);

    public static TheoryData<string, string> Requests => new()
    {
        { "bad JSON", Post + "Content-Length: 9\r\n\r\n{\"model\":" },
        { "no body", Post + "\r\n" },
        { "JSON that is no object", Post + "Content-Length: 4\r\n\r\n[[[[" },
        { "deep JSON", Post + $"Content-Length: 5000\r\n\r\n{new string('[', 5000)}" },
        { "no UTF-8 in the model", Post + "Content-Length: 18\r\n\r\n{\"model\":\"\\ud800\"}" },
        { "two lengths", Post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}" },
        { "length and chunks", Post + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
        { "a chunk of wrong size", Post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n" },
        { "a huge header", Post + $"X-Big: {new string('x', 100_000)}\r\n\r\n" },
        { "a thousand headers", Post + string.Concat(Enumerable.Range(0, 1_000).Select(i => $"X-{i}: y\r\n")) + "\r\n" },
        { "no HTTP", "\u0016\u0003\u0001 hello\r\n\r\n" },
        { "an unknown method", "BREW /v1/images HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" },
        { "a form without an end", Form + "Content-Length: 20\r\n\r\n--x\r\nContent-Disposi\r\n" },
        { "a path that leaves the root", "GET /v1/../../etc/passwd HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task Request_OfAnyKind_IsAnsweredOrClosedAndTheNextIsServed(string kind, string text)
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var gateway = await TestGateway.StartAsync(a);

        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, gateway.Client.BaseAddress!.Port);
        var answer = "";
        try
        {
            await socket.GetStream().WriteAsync(Encoding.Latin1.GetBytes(text));
            using var reader = new StreamReader(socket.GetStream());
            answer = await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(20));
        }
        catch (IOException)
        {
            // closed while it was sent
        }

        Assert.DoesNotContain(" 500 ", answer.Split('\n')[0], StringComparison.Ordinal);
        Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal), kind);
        Assert.Equal("a", await gateway.PostText("{}"));
    }
}
