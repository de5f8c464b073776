using CtfService.Api.Hosting;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Status;
using Microsoft.Extensions.Hosting;

namespace CtfService.Api.Tests.Hosting;

/// <summary>The host stops with a message and an exit code if the first model cannot be loaded, and only then.</summary>
public sealed class FirstLoadTests : IDisposable
{
    private readonly Status _status = new();
    private readonly Lifetime _lifetime = new();

    public static TheoryData<Exception, int> Failures => new()
    {
        { new CheckpointException("damaged"), StartFailures.ExitCode },
        { new DeviceUnavailableException("no GPU"), StartFailures.ExitCode },
        { new CheckpointException("not mounted") { IsTransient = true }, StartFailures.TemporaryExitCode },
        { new IOException("the disk does not answer"), StartFailures.TemporaryExitCode },
        { new OutOfDeviceMemoryException("too large"), StartFailures.TemporaryExitCode },
    };

    public void Dispose() => _lifetime.Dispose();

    [Theory]
    [MemberData(nameof(Failures))]
    public void Load_Fails_StopsTheHostWithItsMessage(Exception failure, int exitCode)
    {
        var first = FirstLoad.Watch(_status, _lifetime);
        _lifetime.Start();

        _status.End(failure);

        var refused = Assert.Throws<StartRefusedException>(first.ThrowIfRefused);
        Assert.Equal((exitCode, failure.Message, true), (refused.ExitCode, Assert.Single(refused.Problems), _lifetime.IsStopped));
    }

    [Fact]
    public void Load_EndsInADefect_HidesItsMessage()
    {
        var first = FirstLoad.Watch(_status, _lifetime);

        _status.End(new InvalidOperationException("internal"));

        var refused = Assert.Throws<StartRefusedException>(first.ThrowIfRefused);
        Assert.Equal(StartFailures.DefectExitCode, refused.ExitCode);
        Assert.DoesNotContain("internal", Assert.Single(refused.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_FailsBeforeTheHostHasStarted_StopsItAfterwards()
    {
        FirstLoad.Watch(_status, _lifetime);
        _status.End(new CheckpointException("damaged"));
        Assert.False(_lifetime.IsStopped);

        _lifetime.Start();

        Assert.True(_lifetime.IsStopped);
    }

    [Fact]
    public void Load_Succeeds_ChangesNothing()
    {
        var first = FirstLoad.Watch(_status, _lifetime);
        _lifetime.Start();

        _status.End(failure: null);

        first.ThrowIfRefused();
        Assert.False(_lifetime.IsStopped);
    }

    private sealed class Status : IModelStatus
    {
        private readonly TaskCompletionSource<Exception?> _ended = new(); // continues on the thread of the test

        public ModelStatus Current => new ModelStatus.Loading();

        public IReadOnlyList<DeviceReport> Devices => [];

        public QueueReport Queue => throw new NotSupportedException();

        public Task<Exception?> LoadingEnded => _ended.Task;

        public void End(Exception? failure) => _ended.SetResult(failure);

        public ModelStatus.Ready RequireReady() => throw new NotSupportedException();
    }

    private sealed class Lifetime : IHostApplicationLifetime, IDisposable
    {
        private readonly CancellationTokenSource _started = new();

        public bool IsStopped { get; private set; }

        public CancellationToken ApplicationStarted => _started.Token;

        public CancellationToken ApplicationStopping => CancellationToken.None;

        public CancellationToken ApplicationStopped => CancellationToken.None;

        public void Start() => _started.Cancel();

        public void Dispose() => _started.Dispose();

        public void StopApplication() => IsStopped = true;
    }
}
