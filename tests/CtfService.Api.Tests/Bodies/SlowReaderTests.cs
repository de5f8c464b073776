using System.Net;
using System.Net.Sockets;
using System.Text;
using CtfService.Api.Bodies;
using CtfService.Api.Tests.Telemetry;
using CtfService.TestSupport;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CtfService.Api.Tests.Bodies;

/// <summary>Callers that do not read the response, on real sockets, with responses larger than all buffers.</summary>
public sealed class SlowReaderTests : IAsyncLifetime, IAsyncDisposable
{
    private static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(30);

    private readonly TestApi _api = new()
    {
        Factory = new FakeImageGeneratorFactory { Generator = new FakeImageGenerator(FakeModels.Fruits with { ImageWidth = 512, ImageHeight = 512 }) },
    };

    public Task InitializeAsync()
    {
        _api.UseKestrel(port: 0);
        return _api.InitializeAsync();
    }

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask(); // xunit 2 calls only this one

    [Theory]
    [InlineData("/health/ready")]
    [InlineData("/v1/images/generations")] // there is no such GET
    public async Task Get_ResponseIsRead_LeavesNoTimer(string path)
    {
        using var response = await _api.Client.GetAsync(new Uri(path, UriKind.Relative));
        await response.Content.ReadAsByteArrayAsync();

        _api.Clock.Advance(SendTimeout); // a remaining timer would throw here

        Assert.Equal(0, _api.Services.GetRequiredService<UnsentResponses>().Bytes);
    }

    [Theory]
    [InlineData("""{"class_label": 0, "n": 16}""")]
    [InlineData("""{"class_label": 0, "n": 16, "stream": true}""")]
    public async Task Generate_ResponseIsNotRead_IsAbortedAtTheDeadlineAndCounted(string json)
    {
        using var ledger = new RequestLedger(_api.Services);
        using var caller = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4_096 };
        var address = new Uri(_api.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        await caller.ConnectAsync(new IPEndPoint(IPAddress.Loopback, address.Port));
        await caller.SendAsync(Encoding.Latin1.GetBytes(
            $"POST /v1/images/generations HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {json.Length}\r\n\r\n{json}"));

        var unsent = _api.Services.GetRequiredService<UnsentResponses>();
        var ended = _api.Logs.LineAsync(2200);
        while (!ended.IsCompleted)
        {
            if (unsent.Bytes > 0)
            {
                _api.Clock.Advance(SendTimeout);
            }

            await Task.Yield();
        }

        Assert.Equal(("cancelled", "slow_reader"), ((await ended)["Outcome"], (await ended)["Reason"]));
        await ledger.AssertOnly("cancelled", "slow_reader");
        Assert.Equal(0, unsent.Bytes);
        Assert.DoesNotContain(_api.Logs.Entries, entry => entry.Level >= LogLevel.Error);
    }
}
