using System.Diagnostics;

namespace CtfService.Model.Cpu.Threading;

/// <summary>
/// How many threads of a team take part in a run. Where other programs want the cores, a thread that lost its own keeps all others waiting at the next meeting, for
/// milliseconds in a step of a tenth of one. Once the caller has waited for more than half of a run, half the threads would have been as fast, so half of them
/// rest, a little longer each time, and are tried again. Times are <see cref="Stopwatch"/> ticks; plain state of the thread that runs the team.
/// </summary>
internal sealed class AdaptiveThreadCount
{
    /// <summary>A few of the operating system's time slices: who lost a core for one of them has it back.</summary>
    public static readonly long InitialBackoff = Stopwatch.Frequency / 50;

    public static readonly long MaxBackoff = Stopwatch.Frequency;

    private readonly int _maxThreads;
    private long _backoff = InitialBackoff;
    private long _changed;

    /// <param name="maxThreads">All threads of the team.</param>
    public AdaptiveThreadCount(int maxThreads)
    {
        _maxThreads = maxThreads;
        Current = maxThreads;
    }

    /// <summary>Threads of the next run, the caller included.</summary>
    public int Current { get; private set; }

    /// <summary>Before a run.</summary>
    public void BeginRun(long now)
    {
        if (Current < _maxThreads && now - _changed >= _backoff)
        {
            Current = Math.Min(_maxThreads, 2 * Current);
            _changed = now;
        }
    }

    /// <summary>After a run.</summary>
    /// <param name="waited">How much of <paramref name="elapsed"/> the caller slept until others came.</param>
    public void EndRun(long now, long elapsed, long waited)
    {
        if (Current > 1 && waited > elapsed / 2)
        {
            Current = (Current + 1) / 2;
            _changed = now;
            _backoff = Math.Min(2 * _backoff, MaxBackoff);
        }
        else if (Current == _maxThreads && now - _changed >= _backoff)
        {
            _backoff = InitialBackoff; // as long without trouble as the last rest took
        }
    }
}
