using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;

namespace CtfService.Inference.Tests.Worker;

public sealed class StepCircuitBreakerTests : IAsyncLifetime
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly WorkerHost _host = new(new InferenceOptions { MaxFailedSteps = 3, FailedStepsPause = Pause });

    public Task InitializeAsync() => _host.StartAsync();

    public Task DisposeAsync() => _host.StopAsync();

    [Fact]
    public async Task Generate_ConsecutiveStepsFail_TakesTheModelOutOfService()
    {
        await FailSteps(3);

        var failing = Assert.IsType<ModelStatus.Failing>(_host.Current);
        Assert.Contains("The last 3 steps failed", failing.Reason, StringComparison.Ordinal);
        var refused = await Assert.ThrowsAsync<ModelNotReadyException>(() => _host.Generate(images: 1));
        Assert.Equal(Pause, refused.RetryAfter);
    }

    [Fact]
    public async Task Generate_AnImageIsFinishedInBetween_StaysInService()
    {
        await FailSteps(2);
        await _host.Generate(images: 1);

        await FailSteps(2);

        Assert.IsType<ModelStatus.Ready>(_host.Current);
    }

    [Fact]
    public async Task Generate_NoImageEverFits_CountsAsFailing()
    {
        _host.Generator.MaxImages = 0;
        for (var request = 0; request < 3; request++)
        {
            await Assert.ThrowsAsync<OutOfDeviceMemoryException>(() => _host.Generate(images: 1));
        }

        await Assert.ThrowsAsync<ModelNotReadyException>(() => _host.Generate(images: 1));
    }

    [Fact]
    public async Task Generate_NoImageIsAdmitted_CountsAsFailing()
    {
        for (var request = 0; request < 3; request++)
        {
            _host.Generator.FailNextAdmission(new InvalidOperationException("no such kernel"));
            var failed = await Assert.ThrowsAsync<GenerationFailedException>(() => _host.Generate(images: 1));
            Assert.DoesNotContain("kernel", failed.Message, StringComparison.Ordinal);
        }

        Assert.IsType<ModelStatus.Failing>(_host.Current);
    }

    [Fact]
    public async Task Generate_ImagesFailWhileOthersWork_StaysInService()
    {
        _host.Generator.ErrorOf = _ => new TimeoutException("secret");
        for (var request = 0; request < 5; request++)
        {
            var failed = await Assert.ThrowsAsync<GenerationFailedException>(() => _host.Generate(images: 2)); // the fake says that others worked

            Assert.DoesNotContain("secret", failed.Message, StringComparison.Ordinal);
        }

        Assert.IsType<ModelStatus.Ready>(_host.Current);
    }

    [Fact]
    public async Task Generate_OnlyImageOfTheStepFails_CountsAsFailing()
    {
        _host.Generator.ErrorOf = _ => new TimeoutException();
        for (var request = 0; request < 3; request++)
        {
            await Assert.ThrowsAsync<GenerationFailedException>(() => _host.Generate(images: 1));
        }

        Assert.IsType<ModelStatus.Failing>(_host.Current);
    }

    [Fact]
    public async Task Generate_PauseIsOver_AdmitsOneRequestAndIsReadyAfterItsImage()
    {
        await FailSteps(3);
        _host.Clock.Advance(Pause);
        Assert.IsType<ModelStatus.Ready>(_host.Current);
        using var gate = _host.Generator.HoldNextStep();

        var trial = _host.Generate(images: 1);
        await gate.Entered;
        await Assert.ThrowsAsync<ModelNotReadyException>(() => _host.Generate(images: 1));
        gate.Open();

        Assert.Single(await trial);
        Assert.Single(await _host.Generate(images: 1));
        Assert.IsType<ModelStatus.Ready>(_host.Current);
    }

    [Fact]
    public async Task Switch_ModelIsOutOfService_NamesItAsReplaced()
    {
        await FailSteps(3);

        var made = await _host.SwitchTo(_host.Other);

        Assert.Equal("first", made.Replaced?.Bundle);
        Assert.Single(await _host.Generate(images: 1));
    }

    [Fact]
    public async Task Generate_TrialFails_StaysOutOfService()
    {
        await FailSteps(3);
        _host.Clock.Advance(Pause);

        await FailSteps(1);

        Assert.IsType<ModelStatus.Failing>(_host.Current);
    }

    [Fact]
    public async Task Generate_ModelGoesOutOfService_FailsWaitingImages()
    {
        await FailSteps(2);
        _host.Generator.Rows = 1;
        using var gate = _host.Generator.HoldNextStep();
        _host.Generator.FailNextStep(new InvalidOperationException("broken kernel"));
        var running = _host.Generate(images: 1);
        await gate.Entered;
        _host.Generator.StepsPerImage = 2; // the step at the gate ends without an image, the next one fails
        var waiting = _host.Generate(images: 1);
        gate.Open();

        await Assert.ThrowsAsync<GenerationFailedException>(() => running);
        await Assert.ThrowsAsync<ModelNotReadyException>(() => waiting);
    }

    private async Task FailSteps(int count)
    {
        for (var step = 0; step < count; step++)
        {
            _host.Generator.FailNextStep(new InvalidOperationException("broken kernel"));
            await Assert.ThrowsAsync<GenerationFailedException>(() => _host.Generate(images: 1));
        }
    }
}
