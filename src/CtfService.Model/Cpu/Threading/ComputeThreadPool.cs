using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace CtfService.Model.Cpu.Threading;

/// <summary>
/// The threads that work on one step together: the caller and N - 1 of the team's own, which sleep while there is nothing to do. Several engines may share a
/// team; their steps take turns.
/// </summary>
/// <remarks>
/// Fields are plain; who may write them, and what makes the writes visible:
/// <list type="bullet">
/// <item>The caller writes <c>Active</c>, <c>_region</c>, <c>_running</c>, <c>_claimedItems</c> and <c>_callerWait</c> before it advances the starts. Advancing is a full
/// fence, and a thread that sees the new phase (a volatile read) sees them.</item>
/// <item>The last thread to arrive at a meeting resets <c>_arrived</c> and <c>_claimedItems</c> before it advances the barrier; all others wait for that phase and
/// use them after it.</item>
/// <item><c>_callerWait</c> is the caller's during the run too: no other thread may write it, not even the value it has.</item>
/// <item><c>_running</c>, <c>_arrived</c> within a meeting, <c>_claimedItems</c> between two, and <c>_failure</c> are written by interlocked operations. What a thread
/// wrote is before its decrement of <c>_running</c>, so the caller sees it after the finish.</item>
/// </list>
/// </remarks>
internal sealed class ComputeThreadPool : IDisposable
{
    private readonly object _runLock = new();
    private readonly PhaseCounter _finished = new();
    private readonly PhaseCounter _barrier = new();
    private readonly AdaptiveThreadCount? _threadCount;
    private readonly PhaseCounter[] _starts; // one for each of the others, so that those who rest are not woken
    private readonly Thread[] _workers;
    private IParallelRegion? _region;
    private long _callerWait; // of the caller in this run
    private int _arrived;
    private int _claimedItems; // items taken since the last meeting
    private int _running;
    private ExceptionDispatchInfo? _failure;
    private bool _isDisposed;

    /// <param name="threads">Threads that work, the caller included; all cores where null.</param>
    /// <param name="adaptive">Whether some threads rest while other programs want the cores (<see cref="AdaptiveThreadCount"/>); false to measure all of them.</param>
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
            Dispose(); // the system has no thread left: end those that it had
            throw;
        }
    }

    /// <summary>N, the caller included.</summary>
    public int Threads { get; }

    /// <summary>Threads of the current run, 1..N: those numbered below it.</summary>
    internal int Active { get; private set; }

    /// <summary>Ends the threads. Call it when no step runs.</summary>
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
            thread?.Join(); // null if it could not be started
        }
    }

    /// <summary>Runs the work on every thread of the team and returns when all have finished. The first exception of any thread is thrown here.</summary>
    /// <exception cref="ObjectDisposedException">The threads have ended; a run would wait for them for ever.</exception>
    internal void Run(IParallelRegion region)
    {
        lock (_runLock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var begun = Stopwatch.GetTimestamp();
            _threadCount?.BeginRun(begun);
            Active = _threadCount?.Current ?? Threads;
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

    /// <summary>Waits until every active thread of the team has come this far. Called by the work itself, by all threads equally often.</summary>
    internal void WaitAtBarrier(int thread)
    {
        var phase = _barrier.Phase;
        ThrowIfAborted(); // before waiting too: a failed thread has moved the phase on already
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
                _callerWait += waited; // the caller's alone: to add 0 would be a write as well, which can undo the caller's
            }
        }

        ThrowIfAborted();
    }

    /// <summary>0, 1, 2 and so on since the last meeting, each to one thread.</summary>
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
            // Another thread failed; its exception is the one to report.
        }
        catch (Exception error)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(error), null);
            _barrier.Advance(); // whoever waits for this thread would wait for ever
        }

        if (Interlocked.Decrement(ref _running) == 0)
        {
            _finished.Advance();
        }
    }

    /// <summary>Leads the other threads out of a step that one of them could not finish.</summary>
    private sealed class RegionAbortedException : Exception;
}

/// <summary>What a team runs: every thread calls it once per step with its own number.</summary>
internal interface IParallelRegion
{
    /// <param name="thread">0 to N - 1; 0 is the caller of <see cref="ComputeThreadPool.Run"/>.</param>
    void Run(int thread);
}
