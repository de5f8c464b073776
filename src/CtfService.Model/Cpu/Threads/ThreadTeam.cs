using System.Runtime.ExceptionServices;

namespace CtfService.Model.Cpu.Threads;

/// <summary>
/// The threads that work on one step together: the caller and N - 1 of the team's own, which sleep while there is nothing to do. Several engines may share a
/// team; their steps take turns.
/// </summary>
public sealed class ThreadTeam : IDisposable
{
    private readonly object _oneStepAtATime = new();
    private readonly Turnstile _start = new();
    private readonly Turnstile _finish = new();
    private readonly Turnstile _barrier = new();
    private readonly Thread[] _others;
    private ITeamWork? _work;
    private int _arrived;
    private int _claimed; // pieces taken since the last meeting
    private int _busy;
    private ExceptionDispatchInfo? _failure;

    /// <param name="threads">Threads that work, the caller included; all cores where null.</param>
    public ThreadTeam(int? threads = null)
    {
        Threads = threads ?? Environment.ProcessorCount;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Threads, nameof(threads));
        _others = [.. Enumerable.Range(1, Threads - 1).Select(StartThread)];
    }

    /// <summary>N, the caller included.</summary>
    public int Threads { get; }

    /// <summary>Ends the threads. Call it when no step runs.</summary>
    public void Dispose()
    {
        lock (_oneStepAtATime)
        {
            _work = null;
            _start.Advance();
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
            var finished = _finish.Turn;
            _work = work;
            _busy = Threads;
            _claimed = 0;
            _start.Advance();
            RunShare(thread: 0);
            _finish.WaitWhile(finished);
            _work = null;
            var failure = _failure;
            _failure = null;
            _arrived = 0;
            failure?.Throw();
        }
    }

    /// <summary>Waits until every thread of the team has come this far. Called by the work itself, by all threads equally often.</summary>
    internal void Meet()
    {
        var turn = _barrier.Turn;
        ThrowIfAbandoned(); // before waiting too: a failed thread has moved the turn on already
        if (Interlocked.Increment(ref _arrived) == Threads)
        {
            _arrived = 0;
            _claimed = 0;
            _barrier.Advance();
        }
        else
        {
            _barrier.WaitWhile(turn);
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

    private Thread StartThread(int number)
    {
        var seen = _start.Turn;
        var thread = new Thread(() =>
        {
            for (; ; seen++)
            {
                _start.WaitWhile(seen);
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
