using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;

namespace CtfService.Inference.Tests.Worker;

public sealed class ShutdownTests : IAsyncLifetime
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(20);

    private readonly WorkerHost _host = new(new InferenceOptions { ShutdownBudget = Budget });

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _host.StopAsync();

    [Fact]
    public async Task Stop_ImagesAreAdmitted_FinishesThemAndReleasesTheModel()
    {
        await _host.StartAsync();
        using var gate = _host.Generator.HoldNextStep();
        var running = _host.Generate(images: 1);
        await gate.Entered;
        var waiting = _host.Generate(images: 2);

        var stopped = _host.Host.StopAsync(CancellationToken.None);
        gate.Open();
        await stopped;

        Assert.Single(await running);
        Assert.Equal(2, (await waiting).Count);
        Assert.True(_host.Generator.IsDisposed);
    }

    [Fact]
    public async Task Stop_NewRequest_IsRejected()
    {
        await _host.StartAsync();

        await _host.Host.StoppingAsync(CancellationToken.None);

        Assert.IsType<ModelStatus.Stopping>(_host.Current);
        await Assert.ThrowsAsync<ModelNotReadyException>(() => _host.Generate(images: 1));
    }

    [Fact]
    public async Task Stop_BudgetExpires_FailsRunningAndWaitingImages()
    {
        await _host.StartAsync();
        using var gate = _host.Generator.HoldNextStep();
        var running = _host.Generate(images: 1);
        await gate.Entered;
        var waiting = _host.Generate(images: 1);
        var stopped = _host.Host.StopAsync(CancellationToken.None);

        _host.Clock.Advance(Budget);
        await stopped;

        var error = await Assert.ThrowsAsync<ModelNotReadyException>(() => running);
        Assert.Contains("Inference:ShutdownBudget", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ModelNotReadyException>(() => waiting);
    }

    [Fact]
    public async Task Stop_HostCancels_StopsBeforeTheBudgetExpires()
    {
        await _host.StartAsync();
        using var gate = _host.Generator.HoldNextStep();
        var running = _host.Generate(images: 1);
        await gate.Entered;

        await _host.Host.StopAsync(new CancellationToken(canceled: true));

        await Assert.ThrowsAsync<ModelNotReadyException>(() => running);
    }

    [Fact]
    public async Task Stop_StillLoading_DoesNotWaitForTheLoad()
    {
        using var load = _host.Factory.HoldNextLoad();
        await _host.Host.StartAsync(CancellationToken.None);
        await load.Entered;

        await _host.Host.StopAsync(CancellationToken.None); // the gate never opens

        Assert.IsType<ModelStatus.Stopping>(_host.Current);
    }

    [Fact]
    public async Task Stop_LoadHasFailed_EndsAtOnce()
    {
        _host.Factory.FailNextLoad(new CheckpointException("gone"));
        await _host.StartAsync();

        await _host.Host.StopAsync(CancellationToken.None);

        Assert.Empty(_host.Generator.Steps);
    }
}
