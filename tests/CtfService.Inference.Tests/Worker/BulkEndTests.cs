using CtfService.Core.Models;
using CtfService.Inference.Queue;

namespace CtfService.Inference.Tests.Worker;

/// <summary>Bulk images when the service stops or the model is replaced.</summary>
public sealed class BulkEndTests : IAsyncLifetime
{
    private readonly WorkerHost _host = new(new InferenceOptions { ShutdownBudget = TimeSpan.FromSeconds(20) });

    public async Task InitializeAsync()
    {
        await _host.StartAsync();
        _host.Generator.StepsPerImage = 3;
    }

    public Task DisposeAsync() => _host.StopAsync();

    [Fact]
    public async Task Stop_BulkRunsAndWaits_EndsItBeforeTheNextStepAndFinishesInteractiveImages()
    {
        using var gate = _host.Generator.HoldNextStep();
        var bulk = _host.GenerateBulk(images: 100);
        await gate.Entered;
        var interactive = _host.Generate(images: 2);

        var stopped = _host.Host.StopAsync(CancellationToken.None);
        gate.Open();

        var error = await Assert.ThrowsAsync<ModelNotReadyException>(() => bulk);
        Assert.Contains("Submit them again later", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, (await interactive).Count);
        await stopped;
        Assert.Equal([1, 12, 2, 2, 2], _host.Generator.Steps.Select(step => step.Count)); // warm-up, bulk, interactive
    }

    [Fact]
    public async Task Stop_BulkIsPaused_EndsAtOnce()
    {
        using var first = _host.Generator.HoldNextStep();
        var bulk = _host.GenerateBulk(images: 2);
        await first.Entered;
        var interactive = _host.Generate(images: 1);
        using var second = _host.Generator.HoldNextStep();
        first.Open();
        await second.Entered;

        var stopped = _host.Host.StopAsync(CancellationToken.None);
        using var third = _host.Generator.HoldNextStep();
        second.Open();
        await third.Entered;

        await Assert.ThrowsAsync<ModelNotReadyException>(() => bulk);
        Assert.False(interactive.IsCompleted);
        third.Open();
        Assert.Single(await interactive);
        await stopped;
    }

    [Fact]
    public async Task Stop_NewBulkSubmission_IsRefused()
    {
        await _host.Host.StoppingAsync(CancellationToken.None);

        await Assert.ThrowsAsync<ModelNotReadyException>(() => _host.GenerateBulk(images: 1));
    }

    [Fact]
    public async Task Abort_StepHangs_EndsBulkWhenTheBudgetIsUsedUp()
    {
        using var gate = _host.Generator.HoldNextStep();
        var bulk = _host.GenerateBulk(images: 1);
        await gate.Entered;
        var stopped = _host.Host.StopAsync(CancellationToken.None);

        _host.Clock.Advance(TimeSpan.FromSeconds(20));

        await Assert.ThrowsAsync<ModelNotReadyException>(() => bulk);
        await stopped;
    }

    [Fact]
    public async Task Switch_BulkRunsAndWaitsOnTheOldModel_EndsItAndFreesTheModel()
    {
        using var gate = _host.Generator.HoldNextStep();
        var bulk = _host.GenerateBulk(images: 100);
        await gate.Entered;
        var interactive = _host.Generate(images: 1);

        await _host.SwitchTo(_host.Other);
        gate.Open();

        await Assert.ThrowsAsync<ModelNotReadyException>(() => bulk);
        Assert.Single(await interactive);
        await _host.ModelRouter.Drained;
        Assert.True(_host.Generator.IsDisposed);
        Assert.Equal(3, (await _host.GenerateBulk(images: 3)).Count); // on the new model
    }

    [Fact]
    public async Task Switch_LeaseOfTheOldModelIsHeld_RefusesBulkAndServesInteractiveImages()
    {
        using var forBulk = _host.ModelRouter.Lease();
        using var forInteractive = _host.ModelRouter.Lease();

        await _host.SwitchTo(_host.Other);

        Assert.Throws<ModelNotReadyException>(() => forBulk.Enqueue(Jobs.BulkSubmission(Jobs.Images(1)), CancellationToken.None));
        Assert.Single(await forInteractive.GenerateAsync(Jobs.Submission(1, new InferenceOptions()), CancellationToken.None));
    }
}
