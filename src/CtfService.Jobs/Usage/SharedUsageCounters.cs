using System.Diagnostics.CodeAnalysis;
using CtfService.Jobs.Telemetry;
using CtfService.Jobs.Work;
using Microsoft.Extensions.Logging;

namespace CtfService.Jobs.Usage;

/// <summary>
/// Counts in a store that processes share. Changes that come while a transaction runs wait for the next one, which makes them together. While the store is
/// away, this process goes on counting by itself from what it knows, and one attempt a second finds out whether the store is back, and adds to it what was
/// used meanwhile. Thread-safe.
/// </summary>
internal sealed partial class SharedUsageCounters(
    SqlUsageCounters store, StateMetrics metrics, TimeProvider clock, ILogger<SharedUsageCounters> logger) : IUsageCounters
{
    /// <summary>Longest time that a request waits for the store.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    /// <summary>Time between two attempts to reach a store that is away.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    /// <summary>Changes that one transaction makes at most.</summary>
    private const int MostChanges = 128;

    /// <summary>Counters whose use during an outage is added to the store afterwards at most: a statement has 5 values for each.</summary>
    private const int MostOwn = 5_000;

    private readonly MemoryUsageCounters _local = new(clock);
    private readonly Lock _access = new();
    private readonly Queue<Waiting> _waiting = [];
    private bool _isWorking; // a task makes the changes that wait
    private long? _failed; // timestamp of the last failure, if no transaction has succeeded since
    private bool _hasOwn; // the store has to be told what this process has counted by itself

    public async Task<UsageReceipt> ChargeAsync(IReadOnlyList<UsageCharge> charges) =>
        await AskAsync(new UsageChange.Charge(charges), made => _local.ReturnAsync(made, long.MaxValue)).ConfigureAwait(false)
        ?? await OwnAsync(_local.ChargeAsync(charges)).ConfigureAwait(false) with { IsLocal = true };

    public async Task<UsageReceipt> ReturnAsync(UsageReceipt receipt, long amount) =>
        (receipt.IsLocal ? null : await AskAsync(new UsageChange.GiveBack(receipt, amount), _ => _local.ReturnAsync(receipt, -amount)).ConfigureAwait(false))
        ?? await OwnAsync(_local.ReturnAsync(receipt, amount)).ConfigureAwait(false);

    private async Task<UsageReceipt> OwnAsync(Task<UsageReceipt> change)
    {
        var receipt = await change.ConfigureAwait(false);
        Volatile.Write(ref _hasOwn, true);
        return receipt;
    }

    /// <summary>Returns null if the store is away.</summary>
    /// <param name="undo">Does the opposite in this process, if the store makes the change after this has returned null.</param>
    private async Task<UsageReceipt?> AskAsync(UsageChange change, Func<UsageReceipt, Task<UsageReceipt>> undo)
    {
        var waiting = new Waiting(change, undo);
        lock (_access)
        {
            var isAway = _failed is not null;
            if (!isAway)
            {
                _waiting.Enqueue(waiting);
            }

            if (!_isWorking && !(_failed is { } failed && clock.GetElapsedTime(failed) < RetryInterval))
            {
                _isWorking = true;
                _ = Task.Run(WorkAsync);
            }

            if (isAway)
            {
                return null;
            }
        }

        try
        {
            return await waiting.Answer.Task.WaitAsync(LongestWait).ConfigureAwait(false);
        }
        catch (TimeoutException late)
        {
            if (!waiting.Answer.TrySetResult(null))
            {
                return await waiting.Answer.Task.ConfigureAwait(false);
            }

            Failed(late);
            return null;
        }
    }

    /// <summary>Makes changes until none waits. Without one, finds out whether the store works.</summary>
    private async Task WorkAsync()
    {
        do
        {
            var next = Take(MostChanges);
            var receipts = await ApplyAsync([.. next.Select(waiting => waiting.Change)]).ConfigureAwait(false);
            if (receipts is null)
            {
                next.AddRange(Take(int.MaxValue));
                next.ForEach(waiting => waiting.Answer.TrySetResult(null));
                continue;
            }

            foreach (var (waiting, receipt) in next.Zip(receipts))
            {
                if (!waiting.Answer.TrySetResult(receipt))
                {
                    await OwnAsync(waiting.Undo(receipt)).ConfigureAwait(false);
                }
            }
        }
        while (GoesOn());
    }

    /// <summary>Takes changes that wait and whose requests wait for them.</summary>
    private List<Waiting> Take(int most)
    {
        lock (_access)
        {
            List<Waiting> taken = [];
            while (taken.Count < most && _waiting.TryDequeue(out var waiting))
            {
                if (!waiting.Answer.Task.IsCompleted)
                {
                    taken.Add(waiting);
                }
            }

            return taken;
        }
    }

    private bool GoesOn()
    {
        lock (_access)
        {
            return _isWorking = _waiting.Count > 0;
        }
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "A defect of the store must not end a request.")]
    private async Task<List<UsageReceipt>?> ApplyAsync(List<UsageChange> changes)
    {
        var own = Interlocked.Exchange(ref _hasOwn, false) ? _local.TakeOwn(MostOwn) : [];
        if (own.Count == MostOwn)
        {
            Volatile.Write(ref _hasOwn, true);
        }

        try
        {
            var receipts = await store.ApplyAsync([new UsageChange.Add(own), .. changes]).ConfigureAwait(false);
            receipts.ForEach(receipt => _local.Follow(receipt.States));
            Succeeded();
            return receipts[1..];
        }
        catch (Exception failure)
        {
            _local.ReturnOwn(own);
            Volatile.Write(ref _hasOwn, true);
            Failed(failure);
            return null;
        }
    }

    private void Succeeded()
    {
        lock (_access)
        {
            if (_failed is null)
            {
                return;
            }

            _failed = null;
        }

        Log.Available(logger);
    }

    private void Failed(Exception failure)
    {
        bool isFirst;
        lock (_access)
        {
            isFirst = _failed is null;
            _failed = clock.GetTimestamp();
        }

        metrics.StoreFailed(StateMetrics.Usage);
        if (isFirst || failure is not (JobStoreUnavailableException or TimeoutException))
        {
            Log.Unavailable(logger, failure);
        }
    }

    private sealed record Waiting(UsageChange Change, Func<UsageReceipt, Task<UsageReceipt>> Undo)
    {
        public TaskCompletionSource<UsageReceipt?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
