using System.Runtime.CompilerServices;

namespace CtfService.Inference.Status;

/// <summary>A time of day that never jumps: that of the first call plus the time since. For deadlines and waits; the system's clock can be set.</summary>
internal static class SteadyClock
{
    private static readonly ConditionalWeakTable<TimeProvider, Anchor> Anchors = [];

    /// <summary>Returns the steady time. Thread-safe.</summary>
    public static DateTimeOffset GetSteadyNow(this TimeProvider clock)
    {
        var anchor = Anchors.GetValue(clock, static clock => new Anchor(clock.GetUtcNow(), clock.GetTimestamp()));
        return anchor.Time + clock.GetElapsedTime(anchor.Timestamp);
    }

    private sealed record Anchor(DateTimeOffset Time, long Timestamp);
}
