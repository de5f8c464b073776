using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace CtfService.Model.Cpu.Runtime;

/// <summary>
/// A pool of threads that run one <see cref="IParallelRegion"/> together: the caller and N - 1 worker threads, which sleep between runs. Several engines
/// may share a pool; their steps take turns.
/// </summary>
/// <remarks>
/// The fields are plain. Who writes them, and what makes the writes visible:
/// <list type="bullet">
/// <item>The caller writes <c>Active</c>, <c>_region</c>, <c>_running</c>, <c>_claimedItems</c> and <c>_callerWait</c> before it advances the start
/// counters. Advancing is a full fence, and a thread that sees the new phase (a volatile read) sees these writes.</item>
/// <item>The last thread to arrive at a barrier resets <c>_arrived</c> and <c>_claimedItems</c> before it advances the phase; all others wait for the new
/// phase before they use them.</item>
/// <item>Only the caller writes <c>_callerWait</c>, during the run too: another thread that adds 0 could undo the caller's write.</item>
/// <item><c>_running</c>, <c>_arrived</c> within a barrier, <c>_claimedItems</c> between two barriers, and <c>_failure</c> are written by interlocked
/// operations. A thread decrements <c>_running</c> after all of its other writes, so the caller sees those once the region has finished.</item>
/// </list>
/// </remarks>
internal sealed class ComputeThreadPool : IDisposable
{
    private readonly object _runLock = new();
    private readonly PhaseCounter _finished = new();
    private readonly PhaseCounter _barrier = new();
    private readonly AdaptiveThreadCount? _threadCount;
    private readonly PhaseCounter[] _starts; // one per worker thread, so that resting threads are not woken
    private readonly Thread[] _workers;
    private IParallelRegion? _region;
    private long _callerWait; // ticks the caller slept during this run
    private int _arrived;
    private int _claimedItems; // work items claimed dynamically since the last barrier
    private int _running;
    private ExceptionDispatchInfo? _failure;
    private bool _isDisposed;

    /// <param name="threads">The number of threads, the caller included; null for one per core.</param>
    /// <param name="adaptive">Whether threads rest while other programs compete for the cores (<see cref="AdaptiveThreadCount"/>).</param>
    public ComputeThreadPool(int? threads = null, bool adaptive = true)
    {
        Threads = threads ?? Environment.ProcessorCount;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Threads, nameof(threads));
        Active = Threads;
        _threadCount = adaptive && Threads > 1 ? new AdaptiveThreadCount(Threads) : null;
        _starts = [.. Enumerable.Range(1, Threads - 1).Select(_ => new PhaseCounter())];
        _workers = new Thread[_starts.Length];
        try
        {
            for (var i = 0; i < _workers.Length; i++)
            {
                _workers[i] = StartThread(i + 1, _starts[i]);
            }
        }
        catch
        {
            Dispose(); // the system could not start a thread: end those that were started
            throw;
        }
    }

    /// <summary>Gets N, the number of threads including the caller.</summary>
    public int Threads { get; }

    /// <summary>Gets the number of threads in the current run, 1 to N: those whose index is below it.</summary>
    internal int Active { get; private set; }

    /// <summary>Ends the worker threads. Waits for a run that is in progress.</summary>
    public void Dispose()
    {
        lock (_runLock)
        {
            _isDisposed = true;
            _region = null;
            Array.ForEach(_starts, start => start.Advance());
        }

        foreach (var thread in _workers)
        {
            thread?.Join(); // null if the thread could not be started
        }
    }

    /// <summary>Runs a region on all active threads and returns when they have finished. Rethrows the first exception of any thread.</summary>
    /// <param name="most">The largest number of threads that take part, at least 1: a small region is faster with fewer.</param>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    internal void Run(IParallelRegion region, int most = int.MaxValue)
    {
        lock (_runLock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var begun = Stopwatch.GetTimestamp();
            _threadCount?.BeginRun(begun);
            Active = Math.Min(most, _threadCount?.Current ?? Threads);
            var finished = _finished.Phase;
            _region = region;
            _running = Active;
            _claimedItems = 0;
            _callerWait = 0;
            foreach (var start in _starts.AsSpan(0, Active - 1))
            {
                start.Advance();
            }

            RunRegion(thread: 0);
            _callerWait += _finished.WaitForAdvance(finished);
            _region = null;
            var failure = _failure;
            _failure = null;
            _arrived = 0;
            var ended = Stopwatch.GetTimestamp();
            _threadCount?.EndRun(ended, ended - begun, _callerWait);
            failure?.Throw();
        }
    }

    /// <summary>Waits until all active threads have reached the barrier. Call from within a region, equally often on every thread.</summary>
    internal void WaitAtBarrier(int thread)
    {
        var phase = _barrier.Phase;
        ThrowIfAborted(); // checked before waiting too: a thread that failed has already advanced the phase
        if (Interlocked.Increment(ref _arrived) == Active)
        {
            _arrived = 0;
            _claimedItems = 0;
            _barrier.Advance();
        }
        else
        {
            var waited = _barrier.WaitForAdvance(phase);
            if (thread == 0)
            {
                _callerWait += waited; // only the caller may write it, see the remarks
            }
        }

        ThrowIfAborted();
    }

    /// <summary>Returns 0, 1, 2, ..., each number once between two barriers.</summary>
    internal int ClaimItem() => Interlocked.Increment(ref _claimedItems) - 1;

    private void ThrowIfAborted()
    {
        if (Volatile.Read(ref _failure) is not null)
        {
            throw new RegionAbortedException();
        }
    }

    private Thread StartThread(int number, PhaseCounter start)
    {
        var seen = start.Phase;
        var thread = new Thread(() =>
        {
            for (; ; seen++)
            {
                start.WaitForAdvance(seen);
                if (_region is null)
                {
                    return;
                }

                RunRegion(number);
            }
        })
        { IsBackground = true, Name = $"Transformer {number}" };
        thread.Start();
        return thread;
    }

    private void RunRegion(int thread)
    {
        try
        {
            _region!.Run(thread);
        }
        catch (RegionAbortedException)
        {
            // Another thread failed, and its exception is the one to report.
        }
        catch (Exception error)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(error), null);
            _barrier.Advance(); // releases the threads that wait for this one
        }

        if (Interlocked.Decrement(ref _running) == 0)
        {
            _finished.Advance();
        }
    }

    /// <summary>Unwinds the other threads out of a region in which one thread failed.</summary>
    private sealed class RegionAbortedException : Exception;
}

/// <summary>Code that every active thread of a <see cref="ComputeThreadPool"/> runs once per run, with barriers inside (an OpenMP parallel region).</summary>
internal interface IParallelRegion
{
    /// <summary>Runs the region on one thread.</summary>
    /// <param name="thread">Index of the thread, 0 to N - 1; 0 is the caller of <see cref="ComputeThreadPool.Run"/>.</param>
    void Run(int thread);
}
