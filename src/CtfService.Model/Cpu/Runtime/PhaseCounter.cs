using System.Diagnostics;

namespace CtfService.Model.Cpu.Runtime;

/// <summary>
/// A counter of phases that threads wait on, the core of a spin barrier. A wait spins first, because within a step the other threads are microseconds away.
/// After about 100 microseconds it sleeps, so that an idle pool, or one with a preempted thread, does not burn a core. Thread-safe.
/// </summary>
internal sealed class PhaseCounter
{
    private const int Spins = 3000; // about 100 us

    private readonly object _sleep = new();
    private int _sleepers;
    private volatile int _phase;

    /// <summary>Gets the current phase. Read it before the condition that the wait depends on can change.</summary>
    public int Phase => _phase;

    /// <summary>Starts the next phase and wakes all waiting threads. A full memory fence.</summary>
    public void Advance()
    {
        Interlocked.Increment(ref _phase);

        // Read after the increment. A sleeper increments _sleepers before it reads the phase, so one of the two sees the other.
        if (Volatile.Read(ref _sleepers) == 0)
        {
            return;
        }

        lock (_sleep)
        {
            Monitor.PulseAll(_sleep);
        }
    }

    /// <summary>Waits while the phase is <paramref name="phase"/>.</summary>
    /// <returns>The time slept, in <see cref="Stopwatch"/> ticks; 0 if spinning was enough.</returns>
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
