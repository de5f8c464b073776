using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CtfService.Api.Tests.Files;

/// <summary>Slow clients and clients that hang up, on real sockets.</summary>
public sealed class FileTransferTests : IAsyncLifetime, IAsyncDisposable
{
    private const string Start = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);

    private readonly TestApi _api = new();

    public Task InitializeAsync()
    {
        _api.UseKestrel(port: 0);
        return _api.InitializeAsync();
    }

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask(); // xunit 2 calls only this one

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Upload_ClientHangsUp_LeavesNothingBehind(bool isReset)
    {
        using (var socket = await BeginUpload())
        {
            socket.LingerState = new LingerOption(enable: isReset, seconds: 0);
        }

        await Until(() => _api.Stored().Count == 0);
        Assert.Empty(_api.Logs.Entries.Where(entry => entry.Level >= LogLevel.Warning).Select(entry => entry.Text));
    }

    [Fact]
    public async Task Upload_TooSlow_IsRefusedAfterItsOwnTimeoutAndLeavesNothingBehind()
    {
        using var socket = await BeginUpload();

        _api.Clock.Advance(TimeSpan.FromMinutes(59)); // longer than Limits:BodyTimeout
        await socket.SendAsync(new byte[1_000]);
        Assert.Single(_api.Stored());
        _api.Clock.Advance(TimeSpan.FromMinutes(1));
        var response = await Receive(socket, 1_000);

        Assert.StartsWith("HTTP/1.1 408", response, StringComparison.Ordinal);
        Assert.Contains("Jobs:UploadTimeout", response, StringComparison.Ordinal);
        Assert.Empty(_api.Stored());
    }

    [Fact]
    public async Task Upload_AnnouncedTooLarge_IsRefusedBeforeItIsSent()
    {
        using var socket = await Connect();

        await socket.SendAsync(Head(contentLength: 300_000_000));

        Assert.StartsWith("HTTP/1.1 413", await Receive(socket, 12), StringComparison.Ordinal);
        Assert.Empty(_api.Stored());
    }

    [Fact]
    public async Task Download_ClientReadsSlowlyButSteadily_GetsEverything()
    {
        const int Step = 4 << 20; // more than the buffers of both ends
        var (socket, length) = await BeginDownload(8 * Step);
        using (socket)
        {
            for (var received = 0; received < length; _api.Clock.Advance(TimeSpan.FromSeconds(10))) // together longer than Limits:SendTimeout
            {
                var bytes = await Read(socket, Math.Min(Step, length - received));
                Assert.NotEqual(0, bytes);
                received += bytes;
            }
        }
    }

    [Fact]
    public async Task Download_ClientStopsReading_IsCutOff()
    {
        var (socket, length) = await BeginDownload(64 << 20);
        using (socket)
        {
            await Until(() => socket.Available > 0);
            for (var minutes = 0; minutes < 200; minutes++) // the service may still be filling the buffers when the clock moves, so it moves more than once
            {
                _api.Clock.Advance(TimeSpan.FromMinutes(1));
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
            }

            Assert.NotEqual(length, await Read(socket, length));
        }
    }

    /// <summary>Sends the first part of a file, and waits until the service writes it.</summary>
    private async Task<Socket> BeginUpload()
    {
        var socket = await Connect();
        await socket.SendAsync(Head(contentLength: 100_000_000));
        await socket.SendAsync(Encoding.ASCII.GetBytes(Start));
        await socket.SendAsync(new byte[100_000]);
        await Until(() => _api.Stored().Count == 1);
        return socket;
    }

    private async Task<(Socket Socket, int Length)> BeginDownload(int length)
    {
        var file = await _api.Upload(new string('x', length));
        var socket = await Connect();
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /v1/files/{file["id"]}/content HTTP/1.1\r\nHost: a\r\n\r\n"));
        return (socket, length);
    }

    private async Task<Socket> Connect()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4_096 };
        var address = new Uri(_api.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, address.Port));
        return socket;
    }

    private static byte[] Head(int contentLength) => Encoding.ASCII.GetBytes(
        $"POST /v1/files HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {contentLength}\r\n\r\n");

    /// <summary>Returns what arrives up to the end of a JSON body. The server resets the connection after it if it has not read the whole request.</summary>
    private static async Task<string> Receive(Socket socket, int bytes)
    {
        var buffer = new byte[bytes];
        var count = 0;
        try
        {
            for (int more; count < bytes && (more = await socket.ReceiveAsync(buffer.AsMemory(count)).AsTask().WaitAsync(Timeout)) > 0;)
            {
                count += more;
                if (Encoding.Latin1.GetString(buffer, 0, count).EndsWith('}'))
                {
                    break;
                }
            }
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
        }

        return Encoding.Latin1.GetString(buffer, 0, count);
    }

    /// <summary>Returns the number of bytes read; fewer than wanted if the connection ends.</summary>
    private static async Task<int> Read(Socket socket, int wanted)
    {
        var buffer = new byte[64 * 1_024];
        var count = 0;
        try
        {
            for (int more; count < wanted
                && (more = await socket.ReceiveAsync(buffer.AsMemory(0, Math.Min(buffer.Length, wanted - count))).AsTask().WaitAsync(Timeout)) > 0;)
            {
                count += more;
            }
        }
        catch (SocketException)
        {
            // reset
        }

        return count;
    }

    private static async Task Until(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Timeout);
        while (!condition())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
