using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;

namespace CtfService.Inference.Tests.Worker;

public sealed class ModelLoadingTests : IAsyncLifetime
{
    private readonly WorkerHost _host = new(new InferenceOptions { LoadRetries = 2 });

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _host.StopAsync();

    [Fact]
    public async Task Start_BundleIsDamaged_FailsWithTheReasonAndDoesNotRetry()
    {
        _host.Factory.FailNextLoad(new CheckpointException("models/x/model.json is missing."));

        await _host.StartAsync();

        Assert.Equal("models/x/model.json is missing.", Assert.IsType<ModelStatus.Failed>(_host.Current).Reason);
        Assert.Equal(1, _host.Factory.Loads);
    }

    [Fact]
    public async Task Generate_LoadFailed_IsRejectedWithoutTheReason()
    {
        _host.Factory.FailNextLoad(new CheckpointException("models/x/model.json is missing."));
        await _host.StartAsync();

        var refused = await Assert.ThrowsAsync<ModelNotReadyException>(() => _host.Generate(images: 1));

        Assert.Equal(ModelStatus.Failed.PublicReason, refused.Message);
        Assert.Null(refused.RetryAfter); // only an operator can fix it
    }

    [Fact]
    public async Task Start_StorageFailsTwice_LoadsAtTheThirdAttempt()
    {
        _host.Factory.FailNextLoad(new IOException("stale handle"));
        _host.Factory.FailNextLoad(new IOException("stale handle"));

        await _host.StartAsync();

        Assert.IsType<ModelStatus.Ready>(_host.Current);
        Assert.Equal(3, _host.Factory.Loads);
    }

    [Fact]
    public async Task Start_StorageKeepsFailing_GivesUpAfterItsRetries()
    {
        for (var i = 0; i < 3; i++)
        {
            _host.Factory.FailNextLoad(new IOException("stale handle"));
        }

        await _host.StartAsync();

        Assert.Equal("stale handle", Assert.IsType<ModelStatus.Failed>(_host.Current).Reason);
        Assert.Equal(3, _host.Factory.Loads);
    }

    [Fact]
    public async Task Start_LoadThrowsAnUnexpectedError_HidesItsMessage()
    {
        _host.Factory.FailNextLoad(new InvalidOperationException("secret"));

        await _host.StartAsync();

        var reason = Assert.IsType<ModelStatus.Failed>(_host.Current).Reason;
        Assert.Contains("InvalidOperationException", reason, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_WarmUpFails_FailsAndReleasesTheModel()
    {
        _host.Generator.FailNextStep(new OutOfDeviceMemoryException("no memory"));

        await _host.StartAsync();

        Assert.Equal("no memory", Assert.IsType<ModelStatus.Failed>(_host.Current).Reason);
        Assert.True(_host.Generator.IsDisposed);
    }
}
