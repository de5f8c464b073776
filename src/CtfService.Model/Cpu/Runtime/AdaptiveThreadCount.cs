using System.Diagnostics;

namespace CtfService.Model.Cpu.Runtime;

/// <summary>
/// Decides how many threads of a <see cref="ComputeThreadPool"/> take part in a run. If other programs compete for the cores, a thread that was preempted
/// delays all others at the next barrier by milliseconds, in a step that takes a tenth of one. A run during which the caller slept for more than half of
/// the time would have been as fast with half the threads, so the count is halved and, after a backoff, raised again. The backoff doubles each time that the
/// raised count did not last (docs/adr/0011). Times are <see cref="Stopwatch"/> ticks. Not thread-safe: plain state of the thread that calls
/// <see cref="ComputeThreadPool.Run"/>.
/// </summary>
internal sealed class AdaptiveThreadCount
{
    /// <summary>A few of the operating system's time slices: long enough for a preempted thread to run again.</summary>
    public static readonly long InitialBackoff = Stopwatch.Frequency / 50;

    /// <summary>The longest time that threads rest before they are tried again.</summary>
    public static readonly long MaxBackoff = Stopwatch.Frequency;

    /// <summary>Time at a count that was worth the one slow run that ended it.</summary>
    public static readonly long WorthwhileTime = 5 * InitialBackoff;

    private readonly int _maxThreads;
    private long _backoff = InitialBackoff;
    private long _changed;

    /// <param name="maxThreads">The number of threads in the pool.</param>
    public AdaptiveThreadCount(int maxThreads)
    {
        _maxThreads = maxThreads;
        Current = maxThreads;
    }

    /// <summary>Gets the number of threads of the next run, the caller included.</summary>
    public int Current { get; private set; }

    /// <summary>Raises the count if the backoff is over. Call before a run.</summary>
    public void BeginRun(long now)
    {
        if (Current < _maxThreads && now - _changed >= _backoff)
        {
            Current = Math.Min(_maxThreads, 2 * Current);
            _changed = now;
        }
    }

    /// <summary>Lowers the count if the run spent most of its time waiting. Call after a run.</summary>
    /// <param name="waited">The part of <paramref name="elapsed"/> that the caller slept at barriers.</param>
    public void EndRun(long now, long elapsed, long waited)
    {
        if (Current > 1 && waited > elapsed / 2)
        {
            Current = (Current + 1) / 2;
            _backoff = now - _changed >= WorthwhileTime ? 2 * InitialBackoff : Math.Min(2 * _backoff, MaxBackoff);
            _changed = now;
        }
    }
}
