using System.Diagnostics;

namespace CtfService.Model.Cpu.Runtime;

/// <summary>
/// Decides how many threads of a <see cref="ComputeThreadPool"/> take part in a run. If other programs compete for the cores, a thread that was preempted
/// delays all others at the next barrier by milliseconds, in a step that takes a tenth of one. While the caller sleeps for more than half of the time, half
/// the threads would be as fast, so the count is halved and, after a backoff, raised again. The backoff doubles each time that the raised count did not last
/// (docs/adr/0011). Times are <see cref="Stopwatch"/> ticks. Not thread-safe: plain state of the thread that calls <see cref="ComputeThreadPool.Run"/>.
/// </summary>
internal sealed class AdaptiveThreadCount
{
    /// <summary>A few of the operating system's time slices: long enough for a preempted thread to run again.</summary>
    public static readonly long InitialBackoff = Stopwatch.Frequency / 50;

    /// <summary>The longest time that threads rest before they are tried again.</summary>
    public static readonly long MaxBackoff = Stopwatch.Frequency;

    /// <summary>Time over which waiting is averaged, so that a single delay of a short run, by a thread of this process for example, decides nothing.</summary>
    public static readonly long AveragedTime = Stopwatch.Frequency / 160;

    /// <summary>Time at a count that was worth the slow runs that ended it.</summary>
    public static readonly long WorthwhileTime = 10 * InitialBackoff;

    private readonly int _maxThreads;
    private long _backoff = InitialBackoff;
    private long _changed;
    private double _waiting; // share of the recent time that the caller slept, 0 to 1

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
            Change(Math.Min(_maxThreads, 2 * Current), now);
        }
    }

    /// <summary>Lowers the count if the runs of late spent most of their time waiting. Call after a run.</summary>
    /// <param name="waited">The part of <paramref name="elapsed"/> that the caller slept at barriers.</param>
    public void EndRun(long now, long elapsed, long waited)
    {
        if (Current == 1 || elapsed == 0)
        {
            return;
        }

        _waiting += (((double)waited / elapsed) - _waiting) * Math.Min(1, (double)elapsed / AveragedTime);
        if (_waiting > 0.5)
        {
            _backoff = now - _changed >= WorthwhileTime ? 2 * InitialBackoff : Math.Min(2 * _backoff, MaxBackoff);
            Change((Current + 1) / 2, now);
        }
    }

    private void Change(int threads, long now) => (Current, _changed, _waiting) = (threads, now, 0);
}
