using CtfService.Core.Generation;
using CtfService.Inference.Status;
using CtfService.TestSupport;

namespace CtfService.Inference.Tests.Worker;

public sealed class GenerationWorkerTests : IAsyncLifetime
{
    private readonly WorkerHost _host = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _host.StopAsync();

    [Fact]
    public async Task Start_ModelLoads_IsReadyAfterOneWarmUpImage()
    {
        await _host.StartAsync();

        Assert.Same(FakeModels.Fruits, Assert.IsType<ModelStatus.Ready>(_host.State.Current).Model);
        Assert.Single(Assert.Single(_host.Generator.Batches));
    }

    [Fact]
    public async Task Start_LoadIsHeld_IsLoadingUntilItEnds()
    {
        using var load = _host.Factory.HoldNextLoad();

        var started = _host.StartAsync();
        await load.Entered;
        Assert.IsType<ModelStatus.Loading>(_host.State.Current);

        load.Open();
        await started;
        Assert.IsType<ModelStatus.Ready>(_host.State.Current);
    }

    [Fact]
    public async Task Generate_OneRequest_RunsOnTheNamedThread()
    {
        await _host.StartAsync();

        var results = await _host.AskFor(images: 3);

        Assert.Equal([1UL, 2UL, 3UL], results.Select(result => result.Image.Specification.Seed));
        Assert.Equal("ctf-generation", _host.Generator.ThreadName);
    }

    [Fact]
    public async Task Generate_RequestsArriveDuringABatch_ShareTheNext()
    {
        await _host.StartAsync();
        using var gate = _host.Generator.HoldNextBatch();
        var first = _host.AskFor(images: 1);
        await gate.Entered;
        var second = _host.AskFor(images: 1);
        var third = _host.AskFor(images: 2);

        gate.Open();
        await Task.WhenAll(first, second, third);

        Assert.Equal([1, 1, 3], _host.Generator.Batches.Select(batch => batch.Count)); // warm-up, first, the other two together
    }

    [Fact]
    public async Task Generate_BatchFails_FailsItsOwnRequestsOnly()
    {
        await _host.StartAsync();
        _host.Generator.FailNextBatch(new InvalidOperationException("broken kernel"));

        var error = await Assert.ThrowsAsync<GenerationFailedException>(() => _host.AskFor(images: 1));
        var next = await _host.AskFor(images: 1);

        Assert.Equal("broken kernel", error.InnerException!.Message);
        Assert.Single(next);
        Assert.IsType<ModelStatus.Ready>(_host.State.Current);
    }

    [Fact]
    public async Task Generate_BatchDoesNotFitTheDevice_RunsInTwoHalves()
    {
        await _host.StartAsync();
        _host.Generator.MaxImages = 2;

        var results = await _host.AskFor(images: 3);

        Assert.Equal([1UL, 2UL, 3UL], results.Select(result => result.Image.Specification.Seed));
        Assert.Equal([1, 3, 2, 1], _host.Generator.Batches.Select(batch => batch.Count));
    }

    [Fact]
    public async Task Generate_HalfDoesNotFitTheDevice_FailsThatHalfAndDoesNotSplitAgain()
    {
        await _host.StartAsync();
        _host.Generator.MaxImages = 1;

        await Assert.ThrowsAsync<OutOfDeviceMemoryException>(() => _host.AskFor(images: 4));
        Assert.Single(await _host.AskFor(images: 1));

        Assert.All(_host.Generator.Batches.Skip(2).SkipLast(1), batch => Assert.Equal(2, batch.Count));
    }

    [Fact]
    public async Task Generate_EveryCallerHungUp_CancelsTheBatch()
    {
        await _host.StartAsync();
        using var gate = _host.Generator.HoldNextBatch();
        using var caller = new CancellationTokenSource();
        var abandoned = _host.AskFor(images: 2, caller.Token);
        await gate.Entered;

        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => abandoned);
        Assert.Single(await _host.AskFor(images: 1)); // the gate never opened: the batch was left through its token
    }

    [Fact]
    public async Task Generate_OneOfTwoCallersHungUp_TheOtherGetsItsImage()
    {
        await _host.StartAsync();
        using var first = _host.Generator.HoldNextBatch();
        var filler = _host.AskFor(images: 1);
        await first.Entered;
        using var caller = new CancellationTokenSource();
        var leaving = _host.AskFor(images: 1, caller.Token);
        var staying = _host.AskFor(images: 1);
        using var shared = _host.Generator.HoldNextBatch();
        first.Open();
        await shared.Entered;

        await caller.CancelAsync();
        shared.Open();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);
        Assert.Single(await staying);
        Assert.Equal(2, _host.Generator.Batches[^1].Count);
        await filler;
    }

    [Fact]
    public async Task Generate_CallerHungUpWhileWaiting_NeverRuns()
    {
        await _host.StartAsync();
        using var gate = _host.Generator.HoldNextBatch();
        var first = _host.AskFor(images: 1);
        await gate.Entered;
        using var caller = new CancellationTokenSource();
        var leaving = _host.AskFor(images: 2, caller.Token);
        await caller.CancelAsync();
        var last = _host.AskFor(images: 1);

        gate.Open();
        await Task.WhenAll(first, last);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);
        Assert.Equal([1, 1, 1], _host.Generator.Batches.Select(batch => batch.Count));
    }

    [Fact]
    public async Task Generate_DeadlineReachedInTheBatch_FailsAndFreesTheWorker()
    {
        await _host.StartAsync();
        using var gate = _host.Generator.HoldNextBatch();
        var late = _host.AskFor(images: 1);
        await gate.Entered;

        _host.Clock.Advance(new InferenceOptions().RequestTimeout);

        await Assert.ThrowsAsync<DeadlineExceededException>(() => late);
        Assert.Single(await _host.AskFor(images: 1));
    }
}
