using System.Net;
using System.Net.Sockets;
using System.Text;
using CtfService.Api.Tests.Telemetry;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CtfService.Api.Tests.Bodies;

/// <summary>
/// Callers that hang up while they send their request, on real sockets: the request is counted as cancelled, not as invalid or failed.
/// </summary>
public sealed class HangUpTests : IAsyncLifetime, IAsyncDisposable
{
    private const string Json = "POST /v1/images/generations HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";

    private const string Form = "POST /v1/images/variations HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\n";

    private const int RequestEnded = 2200;

    private readonly TestApi _api = new();

    public Task InitializeAsync()
    {
        _api.UseKestrel(port: 0);
        return _api.InitializeAsync();
    }

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask(); // xunit 2 calls only this one

    [Theory]
    [InlineData(Json + "Content-Length: 100\r\n\r\n{\"class_label\"", false)]
    [InlineData(Json + "Content-Length: 100\r\n\r\n{\"class_label\"", true)]
    [InlineData(Json + "Content-Length: 100\r\n\r\n", false)]
    [InlineData(Json + "Content-Length: 100\r\nIdempotency-Key: k\r\n\r\n{", false)]
    [InlineData(Json + "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"c", false)]
    [InlineData(Json + "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"c", true)]
    [InlineData(Form + "Content-Length: 1000\r\n\r\n--b\r\nContent-Disposition", false)]
    [InlineData(Form + "Content-Length: 1000\r\n\r\n--b\r\nContent-Disposition", true)]
    [InlineData(Form + "Transfer-Encoding: chunked\r\n\r\n5\r\n--b", false)]
    public async Task Send_CallerHangsUpBeforeTheBodyArrives_IsCancelledWithoutALogLine(string request, bool isReset)
    {
        using var ledger = new RequestLedger(_api.Services);

        await SendAndGo(request, isReset, ledger);

        var line = await _api.Logs.LineAsync(RequestEnded);
        Assert.Equal(("cancelled", "hang_up", 499), (line["Outcome"], line["Reason"], line["Status"]));
        await ledger.AssertOnly("cancelled", "hang_up", request.StartsWith(Form, StringComparison.Ordinal) ? "variations" : "generations");
        Assert.DoesNotContain(_api.Logs.Entries, entry => entry.Level >= LogLevel.Warning);
    }

    [Theory]
    [InlineData(Json + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")]
    [InlineData(Form + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\nFFFFFFFFFFFFFFFF\r\n{}")]
    [InlineData(Form + "Content-Length: 7\r\nConnection: close\r\n\r\n--b\r\nxx")]
    public async Task Send_BodyIsMalformed_IsInvalid(string request)
    {
        using var ledger = new RequestLedger(_api.Services);

        await SendAndGo(request, isReset: false, ledger, waitsForAnswer: true);

        await ledger.AssertOnly("rejected", "invalid", request.StartsWith(Form, StringComparison.Ordinal) ? "variations" : "generations");
    }

    /// <summary>Ends the connection after the last byte, normally or with a reset.</summary>
    private async Task SendAndGo(string request, bool isReset, RequestLedger ledger, bool waitsForAnswer = false)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var address = new Uri(_api.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, address.Port));
        await socket.SendAsync(Encoding.Latin1.GetBytes(request));
        await ledger.FirstReceivedAsync(); // a reset would discard the bytes
        if (waitsForAnswer)
        {
            await socket.ReceiveAsync(new byte[64 * 1_024]);
        }

        socket.LingerState = new LingerOption(enable: isReset, seconds: 0);
        socket.Close();
    }
}
