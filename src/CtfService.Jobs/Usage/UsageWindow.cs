namespace CtfService.Jobs.Usage;

/// <summary>Counter of one limit: what was used in a window. Times are milliseconds of one clock.</summary>
/// <param name="Started">Identifies the window.</param>
/// <param name="Used">Below 0 for a moment in a process that has given back what the store has given back too, until one of the two is undone.</param>
/// <param name="Known">The part of <paramref name="Used"/> that the store knows, if this is its copy in the memory of a process; otherwise 0.</param>
internal readonly record struct UsageWindow(long Started, long Ends, long Used, long Known = 0)
{
    /// <summary>Use that the store does not know; below 0 if more was given back than used.</summary>
    public long Own => Used - Known;

    /// <summary>
    /// Returns the window if it is open at a time, and otherwise an empty one. A window that would end much later than its length allows was started by a clock
    /// that was wrong.
    /// </summary>
    private UsageWindow At(long now, long length) => now >= Ends || Ends - now > 2 * length ? default : this;

    /// <summary>Makes charges together: all or none.</summary>
    /// <param name="windows">The windows of the limits; those that are charged are replaced.</param>
    public static UsageReceipt Charge(IReadOnlyList<UsageCharge> charges, Dictionary<UsageKey, UsageWindow> windows, long now)
    {
        var before = charges.Select(charge => Of(charge.Limit, windows, now)).ToList();
        var exceeded = charges.Zip(before)
            .Where(pair => pair.First.Amount > 0 && pair.Second.Used + pair.First.Amount > pair.First.Limit.Most)
            .Select(pair => State(pair.First.Limit, pair.Second, now))
            .MaxBy(state => state.Reset);
        if (exceeded is not null)
        {
            return new UsageReceipt([.. charges.Zip(before, (charge, window) => State(charge.Limit, window, now))], exceeded);
        }

        var after = charges.Zip(before, (charge, window) => window.Add(charge, now)).ToList();
        foreach (var (charge, window) in charges.Zip(after).Where(pair => pair.First.Amount > 0))
        {
            windows[charge.Limit.Key] = window;
        }

        return new UsageReceipt([.. charges.Zip(after, (charge, window) => State(charge.Limit, window, now))], Exceeded: null) { Charges = charges };
    }

    /// <summary>Gives back a part of charges, in the windows that they were made in.</summary>
    /// <param name="amount">Below 0 to take again what was given back.</param>
    public static UsageReceipt Return(UsageReceipt receipt, long amount, Dictionary<UsageKey, UsageWindow> windows, long now)
    {
        foreach (var (charge, state) in receipt.Charges.Zip(receipt.States).Where(pair => pair.First.Amount > 0))
        {
            if (Of(charge.Limit, windows, now) is { Ends: > 0 } window && window.Started == state.Started)
            {
                windows[charge.Limit.Key] = window with { Used = Math.Max(0, window.Used - Math.Min(amount, charge.Amount)) };
            }
        }

        return receipt with { States = [.. receipt.States.Select(state => State(state.Limit, Of(state.Limit, windows, now), now))], Charges = [] };
    }

    private static UsageWindow Of(UsageLimit limit, Dictionary<UsageKey, UsageWindow> windows, long now) =>
        windows.GetValueOrDefault(limit.Key).At(now, Length(limit));

    private UsageWindow Add(UsageCharge charge, long now) =>
        charge.Amount == 0 ? this
        : Ends == 0 ? new UsageWindow(now, now + Length(charge.Limit), charge.Amount)
        : this with { Used = Used + charge.Amount };

    private static UsageState State(UsageLimit limit, UsageWindow window, long now) =>
        new(limit, Math.Max(0, window.Used), TimeSpan.FromMilliseconds(Math.Max(0, window.Ends - now)), window.Started);

    private static long Length(UsageLimit limit) => (long)limit.Window.TotalMilliseconds;
}
