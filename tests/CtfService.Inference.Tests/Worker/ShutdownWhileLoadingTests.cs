using CtfService.Core.Models;
using CtfService.Inference.Status;
using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Tests.Worker;

/// <summary>The service is stopped before its model is loaded.</summary>
public sealed class ShutdownWhileLoadingTests
{
    [Fact]
    public async Task Stop_LoadIgnoresItsToken_IsAbandonedAfterASecond()
    {
        using var ended = new ManualResetEventSlim();
        var load = new UncancellableLoad(ended);
        var host = new WorkerHost(factory: load);
        await host.Host.StartAsync(CancellationToken.None);
        await load.Entered;

        var stopped = host.Host.StopAsync(CancellationToken.None);
        host.Clock.Advance(TimeSpan.FromSeconds(1));

        await stopped;
        ended.Set();
        await host.ModelRouter.Finished;
    }

    [Fact]
    public async Task Stop_ASwitchIsLoading_LetsAdmittedImagesFinish()
    {
        using var ended = new ManualResetEventSlim();
        var load = new UncancellableLoad(ended);
        var host = new WorkerHost();
        await host.StartAsync();
        using var gate = host.Generator.HoldNextStep();
        var running = host.Generate(images: 1);
        await gate.Entered;
        var switching = host.SwitchTo(load);
        await load.Entered;

        var stopped = host.Host.StopAsync(CancellationToken.None);
        host.Clock.Advance(TimeSpan.FromSeconds(2));
        Assert.False(stopped.IsCompleted);
        gate.Open();

        Assert.Single(await running);
        ended.Set();
        await stopped;
        await Assert.ThrowsAsync<ModelNotReadyException>(() => switching);
    }

    [Fact]
    public async Task Stop_LoadFailsWhenCancelled_IsNotReportedAsAFailureOfTheBundle()
    {
        var host = new WorkerHost(factory: new FailingLoad());
        await host.Host.StartAsync(CancellationToken.None);

        await host.Host.StopAsync(CancellationToken.None);
        await host.ModelRouter.LoadingEnded;

        Assert.IsType<ModelStatus.Stopping>(host.Current);
        Assert.DoesNotContain(host.RouterLog.Collector.GetSnapshot(), line => line.Level >= LogLevel.Error);
    }

    /// <summary>A load that ignores its token, as while it reads one large file.</summary>
    private sealed class UncancellableLoad(ManualResetEventSlim ended) : IImageGeneratorFactory
    {
        private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Entered => _entered.Task;

        public IImageGenerator Load(CancellationToken cancellation)
        {
            _entered.SetResult();
            ended.Wait(CancellationToken.None);
            throw new OperationCanceledException(cancellation);
        }
    }

    /// <summary>A load that throws another exception when it is cancelled.</summary>
    private sealed class FailingLoad : IImageGeneratorFactory
    {
        public IImageGenerator Load(CancellationToken cancellation)
        {
            cancellation.WaitHandle.WaitOne();
            throw new InvalidOperationException("The storage has gone.");
        }
    }
}
