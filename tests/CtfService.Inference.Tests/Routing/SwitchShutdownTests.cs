using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Tests.Worker;
using CtfService.TestSupport;

namespace CtfService.Inference.Tests.Routing;

/// <summary>The service is stopped during a switch.</summary>
public sealed class SwitchShutdownTests : IAsyncLifetime
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(20);

    private readonly WorkerHost _host = new(new InferenceOptions { ShutdownBudget = Budget });

    public Task InitializeAsync() => _host.StartAsync();

    public Task DisposeAsync() => _host.StopAsync();

    [Fact]
    public async Task Stop_ModelIsLoading_CancelsTheLoadAndFinishesRunningImages()
    {
        using var gate = _host.Generator.HoldNextStep();
        var running = _host.Generate(images: 1);
        await gate.Entered;
        using var load = _host.Other.HoldNextLoad(); // never opens
        var switching = _host.SwitchTo(_host.Other);
        await load.Entered;

        var stopped = _host.Host.StopAsync(CancellationToken.None);

        var error = await Assert.ThrowsAsync<ModelNotReadyException>(() => switching);
        Assert.Contains("shutting down", error.Message, StringComparison.Ordinal);
        gate.Open();
        await stopped;
        Assert.Single(await running);
        Assert.True(_host.Generator.IsDisposed);
    }

    [Fact]
    public async Task Stop_ModelHasJustBeenLoaded_IsFreedWithoutServing()
    {
        using var warmUp = _host.Other.Generator.HoldNextStep();
        var switching = _host.SwitchTo(_host.Other);
        await warmUp.Entered;

        await _host.Host.StoppingAsync(CancellationToken.None);
        warmUp.Open();

        await Assert.ThrowsAsync<ModelNotReadyException>(() => switching);
        await _host.Host.StopAsync(CancellationToken.None);
        Assert.True(_host.Other.Generator.IsDisposed);
    }

    [Fact]
    public async Task Stop_OldModelDrains_FinishesItsImages()
    {
        using var gate = _host.Generator.HoldNextStep();
        var running = _host.Generate(images: 2);
        await gate.Entered;
        await _host.SwitchTo(_host.Other);

        var stopped = _host.Host.StopAsync(CancellationToken.None);
        gate.Open();
        await stopped;

        Assert.Equal(2, (await running).Count);
        Assert.True(_host.Generator.IsDisposed);
        Assert.True(_host.Other.Generator.IsDisposed);
    }

    [Fact]
    public async Task Stop_BudgetExpiresWhileTheOldModelDrains_FailsItsImages()
    {
        using var gate = _host.Generator.HoldNextStep();
        var running = _host.Generate(images: 1);
        await gate.Entered;
        await _host.SwitchTo(_host.Other);
        var stopped = _host.Host.StopAsync(CancellationToken.None);

        _host.Clock.Advance(Budget);
        await stopped;

        var error = await Assert.ThrowsAsync<ModelNotReadyException>(() => running);
        Assert.Contains("Inference:ShutdownBudget", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stop_SwitchWaitsForAnEarlierModel_LoadsNothing()
    {
        using var gate = _host.Generator.HoldNextStep();
        var running = _host.Generate(images: 1);
        await gate.Entered;
        await _host.SwitchTo(_host.Other);
        var third = new FakeImageGeneratorFactory();
        var switching = _host.SwitchTo(third, "third");

        var stopped = _host.Host.StopAsync(CancellationToken.None);
        gate.Open();
        await stopped;

        await Assert.ThrowsAsync<ModelNotReadyException>(() => switching);
        Assert.Equal(0, third.Loads);
        Assert.Single(await running);
    }

    [Fact]
    public async Task Stop_RequestHasALeaseOnTheOldModel_IsRejected()
    {
        using var lease = _host.ModelRouter.Lease();
        await _host.SwitchTo(_host.Other);

        await _host.Host.StoppingAsync(CancellationToken.None);

        Assert.Throws<ModelNotReadyException>(() => lease.Enqueue(Jobs.Submission(1, new InferenceOptions()), CancellationToken.None));
    }

    [Fact]
    public async Task Switch_ServiceStops_IsRejected()
    {
        await _host.Host.StoppingAsync(CancellationToken.None);

        await Assert.ThrowsAsync<ModelNotReadyException>(() => _host.SwitchTo(_host.Other));

        Assert.Equal(0, _host.Other.Loads);
    }
}
