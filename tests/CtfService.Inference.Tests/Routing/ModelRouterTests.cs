using CtfService.Core.Generation;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using CtfService.Inference.Tests.Worker;
using CtfService.TestSupport;

namespace CtfService.Inference.Tests.Routing;

/// <summary>Requests notice nothing of a switch but the name of the model.</summary>
public sealed class ModelRouterTests : IAsyncLifetime
{
    private readonly WorkerHost _host = new();

    public Task InitializeAsync() => _host.StartAsync();

    public Task DisposeAsync() => _host.StopAsync();

    [Fact]
    public async Task Switch_ModelLoads_ServesRequestsAndFreesTheOldModel()
    {
        var made = await _host.SwitchTo(_host.Other);
        await _host.ModelRouter.Drained;

        Assert.Equal(("other", FakeModels.OtherFruits), (made.Bundle, made.Current.Model));
        Assert.Equal(("first", FakeModels.Fruits), (made.Replaced!.Bundle, made.Replaced.Model));
        Assert.Same(FakeModels.OtherFruits, _host.ModelRouter.RequireReady().Model);
        Assert.Equal((true, false), (_host.Generator.IsDisposed, _host.Other.Generator.IsDisposed));
        Assert.Single(await _host.Generate(images: 1));
        Assert.Equal((1, 2), (_host.Generator.Steps.Count, _host.Other.Generator.Steps.Count)); // including the warm-up of each
    }

    [Fact]
    public async Task Switch_ModelIsStillLoading_TheOldModelContinuesToServe()
    {
        using var load = _host.Other.HoldNextLoad();
        var switching = _host.SwitchTo(_host.Other);
        await load.Entered;

        var results = await _host.Generate(images: 2);

        Assert.Equal(2, results.Count);
        Assert.Equal(2, _host.Generator.Steps.Count);
        Assert.Equal([("first", false), ("other", false)], _host.ModelRouter.Instances.Select(instance => (instance.Bundle, instance.IsDraining)));
        Assert.IsType<ModelStatus.Loading>(_host.ModelRouter.Instances[1].Status);
        load.Open();
        await switching;
    }

    [Fact]
    public async Task Switch_ImagesRunAndWait_FinishOnTheirModel()
    {
        _host.Generator.Rows = 1;
        using var gate = _host.Generator.HoldNextStep();
        var before = _host.Generate(images: 3); // one runs, two wait
        await gate.Entered;

        await _host.SwitchTo(_host.Other);
        var after = await _host.Generate(images: 1);

        Assert.True(_host.ModelRouter.Instances[1].IsDraining);
        Assert.False(before.IsCompleted);
        gate.Open();
        Assert.Equal(3, (await before).Count);
        await _host.ModelRouter.Drained;
        Assert.True(_host.Generator.IsDisposed);
        Assert.Single(after);
        Assert.Equal((4, 2), (_host.Generator.Steps.Count, _host.Other.Generator.Steps.Count));
    }

    [Fact]
    public async Task Switch_RequestHasALease_IsAdmittedToItsOwnModel()
    {
        using var lease = _host.ModelRouter.Lease();

        await _host.SwitchTo(_host.Other);
        var results = await lease.GenerateAsync(Jobs.Submission(2, new InferenceOptions()), CancellationToken.None);
        await _host.ModelRouter.Drained;

        Assert.Same(FakeModels.Fruits, lease.Model);
        Assert.Equal(2, results.Count);
        Assert.Equal((2, 1), (_host.Generator.Steps.Count, _host.Other.Generator.Steps.Count));
        Assert.True(_host.Generator.IsDisposed);
    }

    [Fact]
    public async Task Switch_LeaseIsDisposedUnused_FreesTheOldModel()
    {
        var lease = _host.ModelRouter.Lease();
        await _host.SwitchTo(_host.Other);
        Assert.False(_host.Generator.IsDisposed);

        lease.Dispose();
        lease.Dispose();
        await _host.ModelRouter.Drained;

        Assert.True(_host.Generator.IsDisposed);
    }

    [Fact]
    public async Task Switch_CallerReadsFinishedImagesSlowly_FreesTheOldModel()
    {
        using var lease = _host.ModelRouter.Lease();
        var events = lease.Enqueue(Jobs.Submission(2, new InferenceOptions()), CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await events.MoveNextAsync()); // reads only the first event

        await _host.SwitchTo(_host.Other);
        await _host.ModelRouter.Drained;

        Assert.True(_host.Generator.IsDisposed);
        Assert.True(await events.MoveNextAsync());
        Assert.IsType<InferenceEvent.Finished>(events.Current);
        await events.DisposeAsync();
    }

    [Fact]
    public async Task Switch_CallerOfTheOldModelHangsUp_FreesIt()
    {
        _host.Generator.StepsPerImage = 100;
        using var gate = _host.Generator.HoldNextStep();
        using var caller = new CancellationTokenSource();
        var abandoned = _host.Generate(images: 2, caller.Token);
        await gate.Entered;
        await _host.SwitchTo(_host.Other);

        await caller.CancelAsync();
        gate.Open();
        await _host.ModelRouter.Drained;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => abandoned);
        Assert.True(_host.Generator.IsDisposed);
    }

    [Fact]
    public async Task Switch_StepOfTheOldModelFails_FailsItsOwnRequestsOnly()
    {
        using var gate = _host.Generator.HoldNextStep();
        _host.Generator.FailNextStep(new InvalidOperationException("broken kernel"));
        _host.Generator.StepsPerImage = 2;
        var before = _host.Generate(images: 1);
        await gate.Entered;
        await _host.SwitchTo(_host.Other);

        gate.Open();

        await Assert.ThrowsAsync<GenerationFailedException>(() => before);
        Assert.Single(await _host.Generate(images: 1));
    }

    [Fact]
    public async Task Switch_ToThePreviousModel_ServesItAgain()
    {
        await _host.SwitchTo(_host.Other);
        var again = new FakeImageGeneratorFactory();

        var made = await _host.SwitchTo(again, "first");
        await _host.ModelRouter.Drained;

        Assert.Equal(("first", "other"), (made.Bundle, made.Replaced!.Bundle));
        Assert.Equal((true, false), (_host.Other.Generator.IsDisposed, again.Generator.IsDisposed));
        Assert.Equal(new(made.Bundle, _host.Clock.GetUtcNow(), Failure: null), _host.ModelRouter.LastSwitch);
    }

    [Fact]
    public async Task Switch_ManyTimesUnderLoad_LosesNoRequestAndMixesNoModel()
    {
        using var done = new CancellationTokenSource();
        var callers = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            var answers = 0;
            do
            {
                using var lease = _host.ModelRouter.Lease();
                var results = await lease.GenerateAsync(Jobs.Submission(3, new InferenceOptions()), CancellationToken.None);
                Assert.Equal([1UL, 2UL, 3UL], results.Select(result => result.Image.Specification.Seed));
                answers++;
            }
            while (!done.IsCancellationRequested); // on a busy machine a caller may begin after the last switch

            return answers;
        })).ToList();
        List<FakeImageGenerator> generators = [_host.Generator];

        for (var i = 0; i < 50; i++)
        {
            var next = new FakeImageGeneratorFactory { Generator = new FakeImageGenerator(i % 2 == 0 ? FakeModels.OtherFruits : FakeModels.Fruits) };
            generators.Add(next.Generator);
            await _host.SwitchTo(next, $"bundle {i}");
        }

        await done.CancelAsync();
        var answers = await Task.WhenAll(callers);
        await _host.ModelRouter.Drained;
        Assert.All(answers, count => Assert.True(count > 0));
        Assert.All(generators.SkipLast(1), generator => Assert.True(generator.IsDisposed));
        var imagesRun = generators.Sum(generator => generator.Steps.Skip(1).Sum(step => step.Count)); // without the warm-ups
        Assert.Equal(answers.Sum() * 3, imagesRun); // every image ran once, on one of the models
    }
}
