using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using CtfService.Inference.Tests.Worker;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace CtfService.Inference.Tests;

public sealed class StuckExitTests : IAsyncLifetime
{
    private static readonly InferenceOptions Options = new() { StallTimeout = TimeSpan.FromSeconds(5) };

    private readonly WorkerHost _host = new(Options);
    private readonly FakeLogger<StuckExit> _log = new();
    private readonly List<int> _exits = [];

    public Task InitializeAsync() => _host.StartAsync();

    public Task DisposeAsync() => _host.StopAsync();

    [Fact]
    public async Task Check_StepHangs_FailsRunningAndWaitingImagesAndExitsAfterThem()
    {
        using var exit = await Start(Options);
        _host.Generator.Rows = 1;
        using var gate = _host.Generator.HoldNextStep();
        var running = _host.Generate(images: 1);
        await gate.Entered;
        var waiting = _host.Generate(images: 2);

        Seconds(20);
        Assert.False(running.IsCompleted);
        Seconds(1);

        var error = await Assert.ThrowsAsync<DeviceHangsException>(() => running);
        Assert.Contains("no step has completed for 2", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<DeviceHangsException>(() => waiting);
        await Assert.ThrowsAsync<ModelNotReadyException>(() => _host.Generate(images: 1));
        var logged = Assert.Single(_log.Collector.GetSnapshot());
        Assert.Equal((LogLevel.Critical, EventIds.ProcessStuck), (logged.Level, logged.Id.Id));
        Assert.Empty(_exits);
        Seconds(2);
        Assert.Equal([70], _exits);
    }

    [Fact]
    public async Task Check_TurnedOff_DoesNothing()
    {
        using var exit = await Start(Options with { ExitWhenStuck = false });
        using var gate = _host.Generator.HoldNextStep();
        var running = _host.Generate(images: 1);
        await gate.Entered;

        Seconds(60);

        Assert.False(running.IsCompleted);
        Assert.Empty(_exits);
        gate.Open();
        Assert.Single(await running);
    }

    /// <summary>A process that was stopped as a whole gets time to complete a step when it runs again.</summary>
    [Fact]
    public async Task Check_WholeProcessWasStopped_WaitsForAStepFirst()
    {
        using var exit = await Start(Options);
        using var gate = _host.Generator.HoldNextStep();
        var running = _host.Generate(images: 1);
        await gate.Entered;

        Jump(TimeSpan.FromSeconds(100));
        Seconds(3);
        gate.Open();

        Assert.Single(await running);
        Seconds(30);
        Assert.Empty(_exits);
        Assert.IsType<ModelStatus.Ready>(_host.Current);
    }

    private async Task<StuckExit> Start(InferenceOptions options)
    {
        var exit = new StuckExit(_host.Stall, _host.ModelRouter, options, _host.Clock, _log, _exits.Add);
        await exit.StartAsync(CancellationToken.None);
        return exit;
    }

    private void Seconds(int count)
    {
        for (var second = 0; second < count; second++)
        {
            _host.Clock.Advance(TimeSpan.FromSeconds(1));
        }
    }

    /// <summary>Advances the clock so that the timer's next call comes late.</summary>
    private void Jump(TimeSpan time) => _host.Clock.Advance(time);
}
