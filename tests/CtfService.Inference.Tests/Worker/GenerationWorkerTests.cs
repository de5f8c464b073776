using CtfService.Core.Generation;
using CtfService.Inference.Queue;
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

        Assert.Same(FakeModels.Fruits, Assert.IsType<ModelStatus.Ready>(_host.Current).Model);
        Assert.Single(Assert.Single(_host.Generator.Steps));
    }

    [Fact]
    public async Task Start_LoadIsHeld_IsLoadingUntilItEnds()
    {
        using var load = _host.Factory.HoldNextLoad();

        var started = _host.StartAsync();
        await load.Entered;
        Assert.IsType<ModelStatus.Loading>(_host.Current);

        load.Open();
        await started;
        Assert.IsType<ModelStatus.Ready>(_host.Current);
    }

    [Fact]
    public async Task Generate_OneRequest_RunsOnTheNamedThread()
    {
        await _host.StartAsync();

        var results = await _host.Generate(images: 3);

        Assert.Equal([1UL, 2UL, 3UL], results.Select(result => result.Image.Specification.Seed));
        Assert.Equal("ctf-generation", _host.Generator.ThreadName);
    }

    [Fact]
    public async Task Generate_RequestsArriveDuringAStep_JoinTheNext()
    {
        await _host.StartAsync();
        _host.Generator.StepsPerImage = 2;
        using var gate = _host.Generator.HoldNextStep();
        var first = _host.Generate(images: 1);
        await gate.Entered;
        var second = _host.Generate(images: 1);
        var third = _host.Generate(images: 2);

        gate.Open();
        await Task.WhenAll(first, second, third);

        Assert.Equal([1, 1, 4, 3], _host.Generator.Steps.Select(step => step.Count)); // warm-up, first alone, all, all but the first
    }

    [Fact]
    public async Task Generate_NoRowIsFree_WaitsUntilAnImageEnds()
    {
        await _host.StartAsync();
        _host.Generator.Rows = 2;

        var results = await _host.Generate(images: 3);

        Assert.Equal(3, results.Count);
        Assert.Equal([1, 2, 1], _host.Generator.Steps.Select(step => step.Count));
    }

    [Fact]
    public async Task Generate_StepFails_FailsItsOwnRequestsOnly()
    {
        await _host.StartAsync();
        _host.Generator.FailNextStep(new InvalidOperationException("broken kernel"));

        var error = await Assert.ThrowsAsync<GenerationFailedException>(() => _host.Generate(images: 1));
        var next = await _host.Generate(images: 1);

        Assert.Equal("broken kernel", error.InnerException!.Message);
        Assert.Single(next);
        Assert.IsType<ModelStatus.Ready>(_host.Current);
    }

    [Fact]
    public async Task Generate_StepDoesNotFitTheDevice_RestartsTheYoungerHalf()
    {
        await _host.StartAsync();
        _host.Generator.MaxImages = 2;

        var results = await _host.Generate(images: 4);

        Assert.Equal([1UL, 2UL, 3UL, 4UL], results.Select(result => result.Image.Specification.Seed));
        Assert.Equal([1, 4, 2, 2], _host.Generator.Steps.Select(step => step.Count));
    }

    [Fact]
    public async Task Generate_StepDidNotFitOnce_GetsAllRowsBackUnderLoad()
    {
        await _host.StartAsync();
        using var gate = _host.Generator.HoldNextStep();
        var first = _host.Generate(images: 1);
        await gate.Entered;
        var others = _host.Generate(images: 64);
        _host.Generator.RunOutOfMemoryAtStep = 2; // the first step with all 16 rows
        gate.Open();

        await Task.WhenAll(first, others);

        var images = _host.Generator.Steps.Skip(2).Select(step => step.Count).ToList();
        Assert.Equal([16, 8, 10, 12, 14, 16], images.Take(6));
    }

    [Fact]
    public async Task Generate_StepsRepeatedlyDoNotFit_RestartsImagesUntilAllAreDone()
    {
        await _host.StartAsync();
        (_host.Generator.MaxImages, _host.Generator.StepsPerImage) = (3, 4);

        var results = await _host.Generate(images: 40);

        Assert.Equal(40, results.Count);
    }

    [Fact]
    public async Task Generate_OneImageDoesNotFitTheDevice_FailsItAndTheWorkerContinues()
    {
        await _host.StartAsync();
        _host.Generator.MaxImages = 0;

        await Assert.ThrowsAsync<OutOfDeviceMemoryException>(() => _host.Generate(images: 4));
        _host.Generator.MaxImages = 1;

        Assert.Single(await _host.Generate(images: 1));
    }

    [Fact]
    public async Task Generate_CallerHungUp_LeavesBeforeTheNextStep()
    {
        await _host.StartAsync();
        _host.Generator.StepsPerImage = 100;
        using var gate = _host.Generator.HoldNextStep();
        using var caller = new CancellationTokenSource();
        var abandoned = _host.Generate(images: 2, caller.Token);
        await gate.Entered;

        await caller.CancelAsync();
        _host.Generator.StepsPerImage = 1;
        var staying = _host.Generate(images: 1);
        gate.Open();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => abandoned);
        Assert.Single(await staying);
        Assert.Equal([1, 2, 1], _host.Generator.Steps.Select(step => step.Count));
    }

    [Fact]
    public async Task Generate_OneOfTwoCallersHungUp_TheOtherGetsItsImage()
    {
        await _host.StartAsync();
        _host.Generator.StepsPerImage = 2;
        using var gate = _host.Generator.HoldNextStep();
        using var caller = new CancellationTokenSource();
        var leaving = _host.Generate(images: 1, caller.Token);
        await gate.Entered;
        var staying = _host.Generate(images: 1);

        await caller.CancelAsync();
        gate.Open();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);
        Assert.Single(await staying);
    }

    [Fact]
    public async Task Generate_CallerHungUpWhileWaiting_NeverRuns()
    {
        await _host.StartAsync();
        using var gate = _host.Generator.HoldNextStep();
        var first = _host.Generate(images: 1);
        await gate.Entered;
        using var caller = new CancellationTokenSource();
        var leaving = _host.Generate(images: 2, caller.Token);
        await caller.CancelAsync();
        var last = _host.Generate(images: 1);

        gate.Open();
        await Task.WhenAll(first, last);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);
        Assert.Equal([1, 1, 1], _host.Generator.Steps.Select(step => step.Count));
    }

    [Fact]
    public async Task Generate_DeadlineReachedWhileRunning_FailsAndFreesTheRows()
    {
        await _host.StartAsync();
        using var gate = _host.Generator.HoldNextStep();
        var late = _host.Generate(images: 1);
        await gate.Entered;

        _host.Clock.Advance(new InferenceOptions().RequestTimeout);

        await Assert.ThrowsAsync<DeadlineExceededException>(() => late); // before the step ends: it would finish the image
        gate.Open();
        Assert.Single(await _host.Generate(images: 1));
    }

    [Fact]
    public async Task Enqueue_WithPreviews_DeliversThemBeforeTheirImage()
    {
        await _host.StartAsync();
        _host.Generator.StepsPerImage = 6;

        var seen = await _host.EventsOf(images: 2, previews: 3);

        foreach (var place in (int[])[0, 1])
        {
            var ofImage = seen.Where(item => item.Index == place).ToList();
            Assert.Equal([0, 1, 2], ofImage.OfType<InferenceEvent.Previewed>().Select(item => item.Preview.Index));
            Assert.IsType<InferenceEvent.Finished>(ofImage[^1]);
        }
    }

    [Fact]
    public async Task Enqueue_ImageIsRestarted_DeliversEachPreviewOnce()
    {
        await _host.StartAsync();
        _host.Generator.StepsPerImage = 6;
        _host.Generator.RunOutOfMemoryAtStep = 5; // after two previews, with two images

        var seen = await _host.EventsOf(images: 2, previews: 3);

        Assert.Equal([0, 1, 2], seen.OfType<InferenceEvent.Previewed>().Where(item => item.Index == 1).Select(item => item.Preview.Index));
    }
}
