using CtfService.Api.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace CtfService.Api.Tests.Hosting;

public sealed class StopSignalsTests : IDisposable
{
    private const int Terminate = 15;

    private readonly List<int> _exitCodes = [];
    private readonly StopSignals _signals;

    public StopSignalsTests()
    {
        _signals = new StopSignals(_exitCodes.Add);
    }

    public void Dispose() => _signals.Dispose();

    [Theory]
    [InlineData(Terminate, Terminate, 143)]
    [InlineData(2, 2, 130)]
    [InlineData(2, Terminate, 143)]
    public void Received_SecondSignal_EndsTheProcessWithItsExitCode(int first, int second, int exitCode)
    {
        _signals.Received(first);
        Assert.Empty(_exitCodes);

        _signals.Received(second);

        Assert.Equal([exitCode], _exitCodes);
    }

    [Fact]
    public async Task Received_BeforeTheHostStarts_StopsItOnceItHasStarted()
    {
        var slow = new SlowStart();
        using var host = Host(slow, out var log);
        _signals.Received(Terminate);

        slow.Go.SetResult();
        await host.RunAsync();

        Assert.Equal(["begun", "started", "stopped"], slow.Seen);
        Assert.DoesNotContain(log.GetSnapshot(), line => line.Level >= LogLevel.Warning);
    }

    [Fact]
    public async Task Received_WhileTheHostStarts_LetsItStartAndStopsIt()
    {
        var slow = new SlowStart();
        using var host = Host(slow, out var log);
        var run = host.RunAsync();
        await slow.Begun.Task;

        _signals.Received(Terminate);
        slow.Go.SetResult();
        await run;

        Assert.Equal(["begun", "started", "stopped"], slow.Seen);
        Assert.DoesNotContain(log.GetSnapshot(), line => line.Level >= LogLevel.Warning);
    }

    [Fact]
    public async Task Received_HostRuns_StopsIt()
    {
        var slow = new SlowStart();
        slow.Go.SetResult();
        using var host = Host(slow, out _);
        await host.StartAsync();
        var stopped = host.WaitForShutdownAsync();

        _signals.Received(Terminate);
        await stopped;

        Assert.Equal(["begun", "started", "stopped"], slow.Seen);
    }

    private IHost Host(SlowStart service, out FakeLogCollector log)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddFakeLogging();
        builder.Services.AddSingleton<IHostLifetime>(_signals);
        builder.Services.AddSingleton<IHostedService>(service);
        var host = builder.Build();
        log = host.Services.GetFakeLogCollector();
        _signals.AttachTo(host.Services.GetRequiredService<IHostApplicationLifetime>());
        return host;
    }

    /// <summary>Starts when the test releases it, and throws if its start is cancelled, as the web server does.</summary>
    private sealed class SlowStart : IHostedService
    {
        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Go { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public List<string> Seen { get; } = [];

        public async Task StartAsync(CancellationToken cancellationToken)
        {
            Seen.Add("begun");
            Begun.SetResult();
            await Go.Task.WaitAsync(cancellationToken);
            Seen.Add("started");
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            Seen.Add("stopped");
            return Task.CompletedTask;
        }
    }
}
