namespace CtfService.Jobs.Usage;

/// <summary>A change of counters: one of the nested cases.</summary>
internal abstract record UsageChange
{
    /// <summary>The counters that it reads and changes.</summary>
    public abstract IEnumerable<UsageKey> Keys { get; }

    /// <summary>Changes windows of the counters.</summary>
    public abstract UsageReceipt Apply(Dictionary<UsageKey, UsageWindow> windows, long now);

    public sealed record Charge(IReadOnlyList<UsageCharge> Charges) : UsageChange
    {
        public override IEnumerable<UsageKey> Keys => Charges.Select(charge => charge.Limit.Key);

        public override UsageReceipt Apply(Dictionary<UsageKey, UsageWindow> windows, long now) => UsageWindow.Charge(Charges, windows, now);
    }

    /// <summary>Adds what a process has used while it could not reach the store, even if that is more than the limit, or takes off what it gave back.</summary>
    public sealed record Add(IReadOnlyList<OwnUse> Uses) : UsageChange
    {
        public override IEnumerable<UsageKey> Keys => Uses.Select(use => use.Key);

        public override UsageReceipt Apply(Dictionary<UsageKey, UsageWindow> windows, long now)
        {
            foreach (var use in Uses)
            {
                var window = windows.GetValueOrDefault(use.Key);
                windows[use.Key] = window.Ends > now ? window with { Used = Math.Max(0, window.Used + use.Amount) }
                    : use.Amount > 0 ? new UsageWindow(now, now + use.Remaining, use.Amount)
                    : window;
            }

            return new UsageReceipt([], Exceeded: null);
        }
    }

    public sealed record GiveBack(UsageReceipt Receipt, long Amount) : UsageChange
    {
        public override IEnumerable<UsageKey> Keys => Receipt.States.Select(state => state.Limit.Key);

        public override UsageReceipt Apply(Dictionary<UsageKey, UsageWindow> windows, long now) => UsageWindow.Return(Receipt, Amount, windows, now);
    }
}

/// <summary>Use in a window that is open in a process and that the store does not know.</summary>
/// <param name="Remaining">Time until the window ends, milliseconds.</param>
internal readonly record struct OwnUse(UsageKey Key, long Amount, long Remaining);
