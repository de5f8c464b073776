using System.Security.Cryptography;
using CtfService.Jobs.Store;
using CtfService.Jobs.Telemetry;
using CtfService.Jobs.Work;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CtfService.Jobs.Engine;

/// <summary>
/// The worker of this process: claims work while it has room, renews its leases and stops what was cancelled. Without a database it waits for the first job
/// and costs nothing.
/// </summary>
internal sealed partial class JobEngine(
    JobStore store, ShardRunner runner, Retention retention, JobMetrics metrics, JobsOptions options, HostLife host, TimeProvider clock,
    ILogger<JobEngine> logger) : IHostedLifecycleService, IDisposable
{
    /// <summary>Time after a failed turn; it doubles with each one.</summary>
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>Time between two looks at a queue that has unfinished jobs or that other processes use: often enough to renew the leases in time.</summary>
    private readonly TimeSpan _pollInterval = TimeSpan.FromSeconds(Math.Min(1, options.Lease.TotalSeconds / 4));

    private readonly string _worker = JobIds.New($"{Environment.MachineName}-{Environment.ProcessId}-");
    private readonly Dictionary<ClaimKey, RunningWork> _running = []; // used by the loop only, as are the fields below
    private readonly CancellationTokenSource _stopping = CancellationTokenSource.CreateLinkedTokenSource(host.Stopping);
    private readonly CancellationTokenSource _abandon = new();
    private bool _isAlone; // the running work must have the worker for itself
    private DateTimeOffset _renewed;
    private int _failedTurns; // in a row
    private Task _loops = Task.CompletedTask;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _loops = RunAsync();
        return Task.CompletedTask;
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Runs before the web server stops: claims nothing more and stops what runs, which gives its leases back.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        if (!_loops.IsCompleted)
        {
            await _stopping.CancelAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Does nothing after <see cref="Dispose"/>: a host that is stopped from two sides may call both.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        try
        {
            await StoppingAsync(cancellationToken).ConfigureAwait(false);
            await using var budget = cancellationToken.UnsafeRegister(_ => _abandon.Cancel(), state: null);
            await _loops.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (ObjectDisposedException)
        {
        }
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        _stopping.Dispose();
        _abandon.Dispose();
    }

    private async Task RunAsync()
    {
        using var changes = store.Signals.Subscribe(job: null);
        try
        {
            await host.Start.WaitAsync(_stopping.Token).ConfigureAwait(false);
            while (!store.Database.Exists)
            {
                await changes.WaitAsync(Timeout.InfiniteTimeSpan, clock, _stopping.Token).ConfigureAwait(false);
            }

            Log.Started(logger, _worker, options.Concurrency);
            await Task.WhenAll(WorkAsync(changes), retention.RunAsync(_stopping.Token), ListenAsync()).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
        }
    }

    private async Task WorkAsync(Subscription changes)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var pause = await TakeTurnAsync().ConfigureAwait(false);
                EndOutage();
                await changes.WaitAsync(pause, clock, _stopping.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
            }
#pragma warning disable CA1031 // a defect in one turn must not end the worker of a process that goes on serving
            catch (Exception failure)
#pragma warning restore CA1031
            {
                await PauseAsync(failure).ConfigureAwait(false);
            }
        }

        await Task.WhenAll(_running.Values.Select(work => work.Ended)).ConfigureAwait(false); // each was stopped with the service, and gives its lease back
    }

    /// <summary>Does what is due. Returns the time until the next turn, unless a change comes first.</summary>
    private async Task<TimeSpan> TakeTurnAsync()
    {
        await RenewAsync().ConfigureAwait(false);
        await RecoverAsync().ConfigureAwait(false);
        await store.Sweep.ExpireAsync(_stopping.Token).ConfigureAwait(false);
        await ClaimAsync().ConfigureAwait(false);
        var counts = await store.Sweep.CountAsync(_stopping.Token).ConfigureAwait(false);
        metrics.Counted(counts);
        return counts.IsEmpty && !store.Database.IsShared ? Timeout.InfiniteTimeSpan : _pollInterval * (0.75 + (RandomNumberGenerator.GetInt32(500) / 1_000.0));
    }

    /// <summary>Extends the leases when a third of them has passed, and stops work that is lost or whose job was stopped.</summary>
    private async Task RenewAsync()
    {
        foreach (var (key, work) in _running.Where(work => work.Value.Ended.IsCompleted))
        {
            _running.Remove(key);
            work.Dispose();
        }

        if (_running.Count == 0)
        {
            return;
        }

        var now = clock.GetUtcNow(); // not the monotonic clock, which stands still while a machine sleeps
        var isDue = now - _renewed >= options.Lease / 3;
        var held = await store.Queue.RenewAsync(_worker, isDue ? _running.Keys : [], _stopping.Token).ConfigureAwait(false);
        _renewed = isDue ? now : _renewed;
        var going = held.Where(renewal => !renewal.MustStop).Select(renewal => renewal.Key).ToHashSet();
        foreach (var (_, work) in _running.Where(work => !going.Contains(work.Key)))
        {
            work.Stop();
        }
    }

    private async Task RecoverAsync()
    {
        var lost = await store.Queue.RecoverAsync(_stopping.Token).ConfigureAwait(false);
        if (lost.Count == 0)
        {
            return;
        }

        var givenUp = lost.Where(work => work.IsGivenUp).ToList();
        givenUp.ForEach(work => Log.GivenUp(logger, work.Number, work.Job, work.Losses));
        Log.Recovered(logger, lost.Count - givenUp.Count);
        metrics.WorkLost(lost.Count, givenUp.Count);
    }

    private async Task ClaimAsync()
    {
        _isAlone &= _running.Count > 0;
        while (!_isAlone && _running.Count < options.Concurrency && !_stopping.IsCancellationRequested)
        {
            // Not cancelled when the service stops: the claim might be made without an answer, and would be taken for the work of a dead worker.
            var answer = await store.Queue.ClaimAsync(_worker, runner.Kinds, isIdle: _running.Count == 0, CancellationToken.None).ConfigureAwait(false);
            if (answer.Claim is not { } claim)
            {
                return;
            }

            _isAlone = answer.MustRunAlone;
            _running.Add(claim.Key, RunningWork.Start(
                stop => runner.RunAsync(claim, stop, _abandon.Token), whenEnded: () => store.Signals.Changed(claim.Job.Id), _stopping.Token));
        }
    }

    private async Task ListenAsync()
    {
        while (store.Database.IsShared && !_stopping.IsCancellationRequested)
        {
            try
            {
                await store.Database.ListenAsync(store.Signals.Changed, _stopping.Token).ConfigureAwait(false);
            }
            catch (JobStoreUnavailableException)
            {
                await Task.Delay(ShortestPause, clock, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // meanwhile there is the poll
            }
        }
    }

    private async Task PauseAsync(Exception failure)
    {
        metrics.StoreFailed();
        if (_failedTurns == 0 || failure is not JobStoreUnavailableException)
        {
            Log.Failed(logger, failure);
        }

        var pause = ShortestPause * Math.Min(1 << Math.Min(_failedTurns, 10), LongestPause / ShortestPause);
        _failedTurns++;
        await Task.Delay(pause, clock, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void EndOutage()
    {
        if (_failedTurns > 0)
        {
            Log.GoesOn(logger, _failedTurns);
            _failedTurns = 0;
        }
    }
}
