using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace CtfService.Model.Cpu.Threads;

/// <summary>
/// The threads that work on one step together: the caller and N - 1 of the team's own, which sleep while there is nothing to do. Several engines may share a
/// team; their steps take turns.
/// </summary>
/// <remarks>
/// Fields are plain; who may write them, and what makes the writes visible:
/// <list type="bullet">
/// <item>The caller writes <c>Active</c>, <c>_work</c>, <c>_busy</c>, <c>_claimed</c> and <c>_waited</c> before it advances the starts. Advancing is a full
/// fence, and a thread that sees the new turn (a volatile read) sees them.</item>
/// <item>The last thread to arrive at a meeting resets <c>_arrived</c> and <c>_claimed</c> before it advances the barrier; all others wait for that turn and
/// use them after it.</item>
/// <item><c>_waited</c> is the caller's during the run too: no other thread may write it, not even the value it has.</item>
/// <item><c>_busy</c>, <c>_arrived</c> within a meeting, <c>_claimed</c> between two, and <c>_failure</c> are written by interlocked operations. What a thread
/// wrote is before its decrement of <c>_busy</c>, so the caller sees it after the finish.</item>
/// </list>
/// </remarks>
internal sealed class ThreadTeam : IDisposable
{
    private readonly object _oneStepAtATime = new();
    private readonly Turnstile _finish = new();
    private readonly Turnstile _barrier = new();
    private readonly TeamSize? _size;
    private readonly Turnstile[] _starts; // one for each of the others, so that those who rest are not woken
    private readonly Thread[] _others;
    private ITeamWork? _work;
    private long _waited; // of the caller in this run
    private int _arrived;
    private int _claimed; // pieces taken since the last meeting
    private int _busy;
    private ExceptionDispatchInfo? _failure;
    private bool _ended;

    /// <param name="threads">Threads that work, the caller included; all cores where null.</param>
    /// <param name="givesWay">Whether some threads rest while other programs want the cores (<see cref="TeamSize"/>); false to measure all of them.</param>
    public ThreadTeam(int? threads = null, bool givesWay = true)
    {
        Threads = threads ?? Environment.ProcessorCount;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Threads, nameof(threads));
        Active = Threads;
        _size = givesWay && Threads > 1 ? new TeamSize(Threads) : null;
        _starts = [.. Enumerable.Range(1, Threads - 1).Select(_ => new Turnstile())];
        _others = new Thread[_starts.Length];
        try
        {
            for (var i = 0; i < _others.Length; i++)
            {
                _others[i] = StartThread(i + 1, _starts[i]);
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
        lock (_oneStepAtATime)
        {
            _ended = true;
            _work = null;
            Array.ForEach(_starts, start => start.Advance());
        }

        foreach (var thread in _others)
        {
            thread?.Join(); // null if it could not be started
        }
    }

    /// <summary>Runs the work on every thread of the team and returns when all have finished. The first exception of any thread is thrown here.</summary>
    /// <exception cref="ObjectDisposedException">The threads have ended; a run would wait for them for ever.</exception>
    internal void Run(ITeamWork work)
    {
        lock (_oneStepAtATime)
        {
            ObjectDisposedException.ThrowIf(_ended, this);
            var begun = Stopwatch.GetTimestamp();
            _size?.Begin(begun);
            Active = _size?.Current ?? Threads;
            var finished = _finish.Turn;
            _work = work;
            _busy = Active;
            _claimed = 0;
            _waited = 0;
            foreach (var start in _starts.AsSpan(0, Active - 1))
            {
                start.Advance();
            }

            RunShare(thread: 0);
            _waited += _finish.WaitWhile(finished);
            _work = null;
            var failure = _failure;
            _failure = null;
            _arrived = 0;
            var ended = Stopwatch.GetTimestamp();
            _size?.End(ended, ended - begun, _waited);
            failure?.Throw();
        }
    }

    /// <summary>Waits until every active thread of the team has come this far. Called by the work itself, by all threads equally often.</summary>
    internal void Meet(int thread)
    {
        var turn = _barrier.Turn;
        ThrowIfAbandoned(); // before waiting too: a failed thread has moved the turn on already
        if (Interlocked.Increment(ref _arrived) == Active)
        {
            _arrived = 0;
            _claimed = 0;
            _barrier.Advance();
        }
        else
        {
            var waited = _barrier.WaitWhile(turn);
            if (thread == 0)
            {
                _waited += waited; // the caller's alone: to add 0 would be a write as well, which can undo the caller's
            }
        }

        ThrowIfAbandoned();
    }

    /// <summary>0, 1, 2 and so on since the last meeting, each to one thread.</summary>
    internal int Claim() => Interlocked.Increment(ref _claimed) - 1;

    private void ThrowIfAbandoned()
    {
        if (Volatile.Read(ref _failure) is not null)
        {
            throw new AbandonedStepException();
        }
    }

    private Thread StartThread(int number, Turnstile start)
    {
        var seen = start.Turn;
        var thread = new Thread(() =>
        {
            for (; ; seen++)
            {
                start.WaitWhile(seen);
                if (_work is null)
                {
                    return;
                }

                RunShare(number);
            }
        })
        { IsBackground = true, Name = $"Transformer {number}" };
        thread.Start();
        return thread;
    }

    private void RunShare(int thread)
    {
        try
        {
            _work!.Run(thread);
        }
        catch (AbandonedStepException)
        {
            // Another thread failed; its exception is the one to report.
        }
        catch (Exception error)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(error), null);
            _barrier.Advance(); // whoever waits for this thread would wait for ever
        }

        if (Interlocked.Decrement(ref _busy) == 0)
        {
            _finish.Advance();
        }
    }

    /// <summary>Leads the other threads out of a step that one of them could not finish.</summary>
    private sealed class AbandonedStepException : Exception;
}

/// <summary>What a team runs: every thread calls it once per step with its own number.</summary>
internal interface ITeamWork
{
    /// <param name="thread">0 to N - 1; 0 is the caller of <see cref="ThreadTeam.Run"/>.</param>
    void Run(int thread);
}
