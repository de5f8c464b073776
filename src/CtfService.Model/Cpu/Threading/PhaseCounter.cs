using System.Diagnostics;

namespace CtfService.Model.Cpu.Threading;

/// <summary>
/// A number that only moves on, and the wait for it. The wait spins at first, because within a step the others are microseconds away, and sleeps when it
/// takes longer, so that an idle engine, or one whose partner lost its core, leaves the processor to others.
/// </summary>
internal sealed class PhaseCounter
{
    private const int Spins = 3000; // about 100 us

    private readonly object _sleep = new();
    private int _sleepers;
    private volatile int _phase;

    public int Phase => _phase;

    public void Advance()
    {
        Interlocked.Increment(ref _phase);
        if (Volatile.Read(ref _sleepers) == 0) // ordered after the increment, as the sleeper's look at the phase is after it has counted itself
        {
            return;
        }

        lock (_sleep)
        {
            Monitor.PulseAll(_sleep);
        }
    }

    /// <summary>Returns once the phase is no longer <paramref name="phase"/>.</summary>
    /// <returns><see cref="Stopwatch"/> ticks that it slept; 0 where spinning was enough.</returns>
    public long WaitForAdvance(int phase)
    {
        for (var spin = 0; spin < Spins; spin++)
        {
            if (_phase != phase)
            {
                return 0;
            }

            Thread.SpinWait(1);
        }

        var asleep = Stopwatch.GetTimestamp();
        lock (_sleep)
        {
            Interlocked.Increment(ref _sleepers);
            while (_phase == phase)
            {
                Monitor.Wait(_sleep);
            }

            Interlocked.Decrement(ref _sleepers);
        }

        return Stopwatch.GetTimestamp() - asleep;
    }
}
