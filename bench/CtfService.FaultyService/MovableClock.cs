namespace CtfService.FaultyService;

/// <summary>The system's clock, which can be set. Timestamps and timers go on, as on a machine whose clock is set.</summary>
internal sealed class MovableClock : TimeProvider
{
    private long _offset; // ticks

    public void Move(TimeSpan by) => Interlocked.Add(ref _offset, by.Ticks);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Volatile.Read(ref _offset));
}
