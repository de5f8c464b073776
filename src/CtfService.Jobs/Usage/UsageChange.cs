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

    public sealed record GiveBack(UsageReceipt Receipt, long Amount) : UsageChange
    {
        public override IEnumerable<UsageKey> Keys => Receipt.States.Select(state => state.Limit.Key);

        public override UsageReceipt Apply(Dictionary<UsageKey, UsageWindow> windows, long now) => UsageWindow.Return(Receipt, Amount, windows, now);
    }
}
