using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace CtfService.Model.Cpu.Threads;

/// <summary>
/// The threads that work on one step together: the caller and N - 1 of the team's own, which sleep while there is nothing to do. Several engines may share a
/// team; their steps take turns.
/// </summary>
public sealed class ThreadTeam : IDisposable
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

    /// <param name="threads">Threads that work, the caller included; all cores where null.</param>
    /// <param name="givesWay">Whether some threads rest while other programs want the cores (<see cref="TeamSize"/>); false to measure all of them.</param>
    public ThreadTeam(int? threads = null, bool givesWay = true)
    {
        Threads = threads ?? Environment.ProcessorCount;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Threads, nameof(threads));
        Active = Threads;
        _size = givesWay && Threads > 1 ? new TeamSize(Threads) : null;
        _starts = [.. Enumerable.Range(1, Threads - 1).Select(_ => new Turnstile())];
        _others = [.. _starts.Select((start, i) => StartThread(i + 1, start))];
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
            _work = null;
            Array.ForEach(_starts, start => start.Advance());
        }

        foreach (var thread in _others)
        {
            thread.Join();
        }
    }

    /// <summary>Runs the work on every thread of the team and returns when all have finished. The first exception of any thread is thrown here.</summary>
    internal void Run(ITeamWork work)
    {
        lock (_oneStepAtATime)
        {
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
            _waited += thread == 0 ? waited : 0;
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
