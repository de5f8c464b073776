namespace CtfService.Jobs.Usage;

/// <summary>Counts in the memory of this process. Counters whose window has ended are dropped. Thread-safe.</summary>
public sealed class MemoryUsageCounters(TimeProvider clock) : IUsageCounters
{
    /// <summary>Number of counters below which none is dropped.</summary>
    private const int FewCounters = 1_024;

    private readonly Lock _access = new();
    private readonly Dictionary<UsageKey, UsageWindow> _windows = [];
    private int _manyCounters = FewCounters; // ended windows are dropped when there are this many

    internal int Count
    {
        get
        {
            lock (_access)
            {
                return _windows.Count;
            }
        }
    }

    public Task<UsageReceipt> ChargeAsync(IReadOnlyList<UsageCharge> charges)
    {
        lock (_access)
        {
            DropEnded();
            return Task.FromResult(UsageWindow.Charge(charges, _windows, Now()));
        }
    }

    public Task<UsageReceipt> ReturnAsync(UsageReceipt receipt, long amount)
    {
        lock (_access)
        {
            return Task.FromResult(UsageWindow.Return(receipt, amount, _windows, Now()));
        }
    }

    /// <summary>Replaces counters by those of a store, so that counting can go on here. What the store has not been told stays added to them.</summary>
    internal void Follow(IReadOnlyList<UsageState> states)
    {
        lock (_access)
        {
            DropEnded();
            foreach (var state in states.Where(state => state.Reset > TimeSpan.Zero))
            {
                var own = _windows.GetValueOrDefault(state.Limit.Key) is var window && window.Ends > Now() ? window.Own : 0;
                _windows[state.Limit.Key] = new UsageWindow(state.Started, Now() + (long)state.Reset.TotalMilliseconds, state.Used + own, Known: state.Used);
            }
        }
    }

    /// <summary>Returns what was used or given back here in windows that are open, and calls it known to the store.</summary>
    /// <param name="most">Number of counters that are returned at most.</param>
    internal List<OwnUse> TakeOwn(int most)
    {
        lock (_access)
        {
            var now = Now();
            List<OwnUse> own =
            [
                .. _windows.Where(entry => entry.Value.Own != 0 && entry.Value.Ends > now).Take(most)
                    .Select(entry => new OwnUse(entry.Key, entry.Value.Own, entry.Value.Ends - now)),
            ];
            MoveKnown(own, sign: 1);
            return own;
        }
    }

    /// <summary>Takes <see cref="TakeOwn"/> back: the store could not be told.</summary>
    internal void ReturnOwn(List<OwnUse> own)
    {
        lock (_access)
        {
            MoveKnown(own, sign: -1);
        }
    }

    private void MoveKnown(List<OwnUse> own, int sign)
    {
        foreach (var use in own.Where(use => _windows.ContainsKey(use.Key)))
        {
            _windows[use.Key] = _windows[use.Key] with { Known = _windows[use.Key].Known + (sign * use.Amount) };
        }
    }

    /// <summary>Monotonic, so that a change of the system's clock moves no window.</summary>
    private long Now() => (long)clock.GetElapsedTime(0).TotalMilliseconds;

    private void DropEnded()
    {
        if (_windows.Count < _manyCounters)
        {
            return;
        }

        var now = Now();
        foreach (var (key, window) in _windows)
        {
            if (window.Ends <= now)
            {
                _windows.Remove(key);
            }
        }

        _manyCounters = Math.Max(FewCounters, 2 * _windows.Count);
    }
}
