using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CtfService.Api.Tests.Malformed;

/// <summary>Bytes that are not valid HTTP, or barely, sent to the socket. The web server responds to most of them itself, without a body.</summary>
public sealed class RawHttpTests(RawHttpTests.Service service) : IClassFixture<RawHttpTests.Service>
{
    private const string Post = "POST /v1/images/generations HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n";

    private const int Damaged = 300;

    [Theory]
    [InlineData("nonsense\r\n\r\n", 400)]
    [InlineData("GET\r\n\r\n", 400)]
    [InlineData("GET /v1/models\r\n\r\n", 505)]
    [InlineData("GET v1/models HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
    [InlineData("GET /v1/models HTTP/9.9\r\nHost: a\r\n\r\n", 505)]
    [InlineData("GET /v1/models HTTP/1.1\r\n\r\n", 400)]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400)]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: a b\r\n\r\n", 400)]
    [InlineData("GET /v1/%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: a\r\nNo colon\r\n\r\n", 400)]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: a\r\nBad name: 1\r\n\r\n", 400)]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: a\r\nNul: \0\r\n\r\n", 400)]
    [InlineData(Post + "Content-Length: -1\r\n\r\n{}", 400)]
    [InlineData(Post + "Content-Length: many\r\n\r\n{}", 400)]
    [InlineData(Post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400)]
    [InlineData(Post + "Content-Length: 99999999999\r\n\r\n{}", 413)]
    [InlineData(Post + "Transfer-Encoding: gzip\r\n\r\n{}", 400)]
    [InlineData(Post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", 400)]
    [InlineData(Post + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n{}", 400)]
    [InlineData(Post + "\r\n", 400)]
    public async Task Send_InvalidHttp_IsRejected(string request, int expected)
    {
        Assert.Equal(expected, Status(await service.Send(Encoding.Latin1.GetBytes(request))));
    }

    [Theory]
    [InlineData(Post + "Content-Length: 100\r\n\r\n{}")]
    [InlineData(Post + "Transfer-Encoding: chunked\r\n\r\n5\r\n{}")]
    [InlineData("GET /v1/mod")]
    [InlineData("")]
    public async Task Send_EndsEarly_IsRejectedOrClosed(string request)
    {
        Assert.True(Status(await service.Send(Encoding.Latin1.GetBytes(request), endsEarly: true)) is null or 400);
    }

    [Fact]
    public async Task Send_HeadersAtTheLimits_AreAcceptedAndAnyMoreAreNot()
    {
        Assert.Equal(200, Status(await service.Send(Get(WithHeaders(count: 90, bytes: 10)))));
        Assert.Equal(431, Status(await service.Send(Get(WithHeaders(count: 101, bytes: 10)))));
        Assert.Equal(200, Status(await service.Send(Get(WithHeaders(count: 2, bytes: 7_900)))));
        Assert.Equal(431, Status(await service.Send(Get(WithHeaders(count: 2, bytes: 8_300)))));
        Assert.Equal(414, Status(await service.Send(Encoding.Latin1.GetBytes($"GET /v1/classes?q={new string('x', 9_000)} HTTP/1.1\r\nHost: a\r\n\r\n"))));
    }

    [Fact]
    public async Task Send_DamagedRequests_NeverEndIn5xx()
    {
        for (var seed = 0; seed < Damaged; seed++)
        {
            var request = Damage(new Random(seed));

            var answer = await service.Send(request, endsEarly: true);

            // A changed byte can be in the class's name or in an unused header; the test requires only that the service handles the request.
            Assert.True(Status(answer) is null or (>= 200 and < 500) or 505, $"Seed {seed}: {answer}\n{Encoding.Latin1.GetString(request)}");
        }

        Assert.Equal(200, Status(await service.Send(Get(""))));
        Assert.DoesNotContain(service.Api.Logs.Entries, entry => entry.Level >= LogLevel.Error);
    }

    /// <summary>A valid request with one to five bytes changed, removed or added, or with its end missing.</summary>
    private static byte[] Damage(Random random)
    {
        const string Body = """{"class_label":0,"n":1,"seed":42}""";
        List<byte> request = [.. Encoding.Latin1.GetBytes($"{Post}Content-Length: {Body.Length}\r\n\r\n{Body}")];
        for (var i = random.Next(1, 6); i > 0; i--)
        {
            var position = random.Next(request.Count);
            switch (random.Next(4))
            {
                case 0: request[position] = (byte)random.Next(256); break;
                case 1: request.RemoveAt(position); break;
                case 2: request.Insert(position, (byte)random.Next(256)); break;
                default: request.RemoveRange(request.Count - (position / 4), position / 4); break;
            }
        }

        return [.. request];
    }

    private static byte[] Get(string headers) => Encoding.Latin1.GetBytes($"GET /v1/models HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n");

    private static string WithHeaders(int count, int bytes) => string.Concat(Enumerable.Range(0, count).Select(i => $"X-{i}: {new string('x', bytes)}\r\n"));

    /// <summary>Null if the connection was closed without a response.</summary>
    private static int? Status(string answer) => answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) ? int.Parse(answer.AsSpan(9, 3)) : null;

    /// <summary>One real web server for all tests of the class.</summary>
    public sealed class Service : IAsyncLifetime
    {
        /// <summary>Fails the test, instead of blocking it, if the server keeps the connection open.</summary>
        private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

        public TestApi Api { get; } = new();

        public Task InitializeAsync()
        {
            Api.UseKestrel(port: 0);
            return Api.InitializeAsync();
        }

        public Task DisposeAsync() => Api.DisposeAsync().AsTask();

        /// <summary>Sends the bytes and reads until the server closes the connection.</summary>
        /// <param name="endsEarly">
        /// Whether the caller ends its side at once, because the server would wait for the rest. The server can then close without a response.
        /// </param>
        public async Task<string> Send(byte[] request, bool endsEarly = false)
        {
            using var timeout = new CancellationTokenSource(Timeout);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            var answer = new List<byte>();
            try
            {
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, Port), timeout.Token);
                await socket.SendAsync(request, timeout.Token);
                if (endsEarly)
                {
                    socket.Shutdown(SocketShutdown.Send);
                }

                var buffer = new byte[4_096];
                while (await socket.ReceiveAsync(buffer, timeout.Token) is > 0 and var received)
                {
                    answer.AddRange(buffer[..received]);
                }
            }
            catch (SocketException)
            {
                // The server closed the connection before it read everything, which is allowed.
            }

            return Encoding.Latin1.GetString([.. answer]);
        }

        private int Port => new Uri(Api.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
    }
}
