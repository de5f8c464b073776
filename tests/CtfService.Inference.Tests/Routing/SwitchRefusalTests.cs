using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using CtfService.Inference.Tests.Worker;
using CtfService.TestSupport;

namespace CtfService.Inference.Tests.Routing;

/// <summary>Switches that fail or are rejected, and switches that repair a service without a model.</summary>
public sealed class SwitchRefusalTests : IAsyncLifetime
{
    private readonly WorkerHost _host = new(new InferenceOptions { LoadRetries = 1 });

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _host.StopAsync();

    [Fact]
    public async Task Switch_BundleIsDamaged_SaysWhyAndTheOldModelContinuesToServe()
    {
        await _host.StartAsync();
        _host.Other.FailNextLoad(new CheckpointException("fine.safetensors is missing."));

        var error = await Assert.ThrowsAsync<ModelLoadException>(() => _host.SwitchTo(_host.Other));

        Assert.Equal("The bundle 'other' could not be loaded, and model 'fruits-fake' keeps serving. fine.safetensors is missing.", error.Message);
        Assert.IsType<CheckpointException>(error.InnerException);
        Assert.Equal("fine.safetensors is missing.", _host.ModelRouter.LastSwitch!.Failure);
        Assert.Single(await _host.Generate(images: 1));
        Assert.Single(_host.ModelRouter.Instances);
    }

    [Fact]
    public async Task Switch_StorageFailsOnce_Retries()
    {
        await _host.StartAsync();
        _host.Other.FailNextLoad(new IOException("stale handle"));

        var made = await _host.SwitchTo(_host.Other);

        Assert.Same(FakeModels.OtherFruits, made.Current.Model);
        Assert.Equal(2, _host.Other.Loads);
    }

    [Fact]
    public async Task Switch_DeviceIsTooSmallForBoth_FreesTheNewModelAndTheOldOneContinuesToServe()
    {
        await _host.StartAsync();
        _host.Other.Generator.FailNextStep(new OutOfDeviceMemoryException("The device is full."));

        var error = await Assert.ThrowsAsync<ModelLoadException>(() => _host.SwitchTo(_host.Other));

        Assert.IsType<OutOfDeviceMemoryException>(error.InnerException);
        Assert.Equal((false, true), (_host.Generator.IsDisposed, _host.Other.Generator.IsDisposed));
        Assert.Single(await _host.Generate(images: 1));
    }

    [Fact]
    public async Task Switch_AfterAFailedSwitch_Succeeds()
    {
        await _host.StartAsync();
        _host.Other.FailNextLoad(new CheckpointException("cut off"));
        await Assert.ThrowsAsync<ModelLoadException>(() => _host.SwitchTo(_host.Other));

        await _host.SwitchTo(_host.Other);

        Assert.Same(FakeModels.OtherFruits, _host.ModelRouter.RequireReady().Model);
        Assert.Null(_host.ModelRouter.LastSwitch!.Failure);
    }

    [Fact]
    public async Task Switch_AnotherSwitchIsInProgress_IsRejectedNamingIt()
    {
        await _host.StartAsync();
        using var load = _host.Other.HoldNextLoad();
        var first = _host.SwitchTo(_host.Other);
        await load.Entered;

        var error = await Assert.ThrowsAsync<SwitchInProgressException>(() => _host.SwitchTo(new FakeImageGeneratorFactory(), "third"));

        Assert.Contains("'other' is already loading", error.Message, StringComparison.Ordinal);
        load.Open();
        Assert.Equal("other", (await first).Bundle);
    }

    [Fact]
    public async Task Switch_FirstModelIsStillLoading_IsRejectedAndTheFirstBecomesReady()
    {
        using var load = _host.Factory.HoldNextLoad();
        var started = _host.StartAsync();
        await load.Entered;

        var error = await Assert.ThrowsAsync<SwitchInProgressException>(() => _host.SwitchTo(_host.Other));

        Assert.Contains("'first' is already loading", error.Message, StringComparison.Ordinal);
        load.Open();
        await started;
        Assert.Same(FakeModels.Fruits, _host.ModelRouter.RequireReady().Model);
    }

    [Fact]
    public async Task Switch_FirstModelCouldNotBeLoaded_RepairsTheService()
    {
        _host.Factory.FailNextLoad(new CheckpointException("gone"));
        await _host.StartAsync();
        Assert.Throws<ModelNotReadyException>(() => _host.ModelRouter.Lease());

        var made = await _host.SwitchTo(_host.Other);

        Assert.Null(made.Replaced);
        Assert.Single(await _host.Generate(images: 1));
        Assert.IsType<ModelStatus.Ready>(_host.Current);
    }

    [Fact]
    public async Task Switch_RepairFails_SaysThatNoModelServes()
    {
        _host.Factory.FailNextLoad(new CheckpointException("gone"));
        await _host.StartAsync();
        _host.Other.FailNextLoad(new CheckpointException("gone too"));

        var error = await Assert.ThrowsAsync<ModelLoadException>(() => _host.SwitchTo(_host.Other));

        Assert.Equal("The bundle 'other' could not be loaded, and no model serves. gone too", error.Message);
        Assert.Equal("gone", Assert.IsType<ModelStatus.Failed>(_host.Current).Reason);
    }

    [Fact]
    public async Task Switch_WorkerHasDied_RepairsTheService()
    {
        var crashing = new CrashingGenerator();
        await _host.StartAsync();
        await _host.SwitchTo(crashing, "crashing");
        crashing.Crashes = true;
        await Assert.ThrowsAsync<ModelNotReadyException>(() => _host.Generate(images: 1));
        Assert.IsType<ModelStatus.Crashed>(_host.Current);

        await _host.SwitchTo(_host.Other);

        Assert.Single(await _host.Generate(images: 1));
    }

    [Fact]
    public async Task Switch_EarlierModelStillDrains_WaitsSoThatOnlyTwoAreInMemory()
    {
        await _host.StartAsync();
        using var gate = _host.Generator.HoldNextStep();
        var running = _host.Generate(images: 1);
        await gate.Entered;
        await _host.SwitchTo(_host.Other);
        var third = new FakeImageGeneratorFactory();

        var switching = _host.SwitchTo(third, "third");
        await Assert.ThrowsAsync<SwitchInProgressException>(() => _host.SwitchTo(new FakeImageGeneratorFactory(), "fourth"));

        Assert.Equal(0, third.Loads);
        Assert.Equal(["other", "first", "third"], _host.ModelRouter.Instances.Select(instance => instance.Bundle));
        gate.Open();
        await switching;
        Assert.Single(await running);
        Assert.True(_host.Generator.IsDisposed);
    }

    /// <summary>A generator that ends its worker with an unexpected error on request.</summary>
    private sealed class CrashingGenerator : IImageGenerator, IImageGeneratorFactory
    {
        private readonly FakeImageGenerator _inner = new(FakeModels.OtherFruits);

        public bool Crashes { get; set; }

        public ModelDescription Model => _inner.Model;

        public int FreeRows => Crashes ? throw new InvalidOperationException("defect") : _inner.FreeRows;

        public int ImageCount => _inner.ImageCount;

        public StepReport LastStep => _inner.LastStep;

        public IImageGenerator Load(CancellationToken cancellation) => this;

        public int RowsBelow(ImagePriority priority) => _inner.RowsBelow(priority);

        public void Admit(long id, ImageSpecification image, PreviewOptions? previews = null, ImagePriority priority = ImagePriority.Interactive) =>
            _inner.Admit(id, image, previews, priority);

        public void Remove(long id) => _inner.Remove(id);

        public IReadOnlyList<GenerationOutcome> Advance(CancellationToken cancellation) => _inner.Advance(cancellation);

        public void Dispose() => _inner.Dispose();
    }
}
