namespace CtfService.Jobs.Usage;

/// <summary>How much an owner may use in one window. A window starts with the first use after the last one has ended.</summary>
/// <param name="Owner">Whose use is counted, such as an API key.</param>
/// <param name="Name">What is counted; with <paramref name="Owner"/> it identifies the counter.</param>
/// <param name="Most">Largest use in a window, at least 1.</param>
public sealed record UsageLimit(string Owner, string Name, long Most, TimeSpan Window)
{
    internal UsageKey Key => new(Owner, Name);
}

/// <summary>A use of a limit.</summary>
/// <param name="Amount">0 or more; 0 asks for the state alone and always fits.</param>
public readonly record struct UsageCharge(UsageLimit Limit, long Amount);

/// <summary>Use of a limit at one moment.</summary>
/// <param name="Used">Use in the current window; may exceed the limit if that was lowered.</param>
/// <param name="Reset">Time until the window ends; zero if none has started.</param>
/// <param name="Started">Identifies the window.</param>
public sealed record UsageState(UsageLimit Limit, long Used, TimeSpan Reset, long Started)
{
    /// <summary>What can still be used in the window.</summary>
    public long Left => Math.Max(0, Limit.Most - Used);
}

/// <summary>Answer to charges that are made together.</summary>
/// <param name="States">State of each limit after the charges, in their order.</param>
/// <param name="Exceeded">The limit that left no room, of several the one whose window ends last; nothing was charged. Null if all were charged.</param>
public sealed record UsageReceipt(IReadOnlyList<UsageState> States, UsageState? Exceeded)
{
    /// <summary>Charges that were made; empty if they were refused.</summary>
    internal IReadOnlyList<UsageCharge> Charges { get; init; } = [];

    /// <summary>True if this process alone counts them, because the store was away.</summary>
    internal bool IsLocal { get; init; }
}

/// <summary>Identifies a counter.</summary>
internal readonly record struct UsageKey(string Owner, string Name);
