using CtfService.Inference.Queue;

namespace CtfService.Inference.Scheduling;

/// <summary>
/// Decides which images run together: first come, first served, until the rows are full or the first has waited long enough.
/// Plain state for one thread: no threads, no tensors, no logs.
/// </summary>
internal sealed class BatchScheduler(InferenceOptions options, TimeProvider clock)
{
    private readonly Queue<InferenceJob> _waiting = new();

    public bool IsEmpty => _waiting.Count == 0;

    public void Add(InferenceJob job) => _waiting.Enqueue(job);

    /// <summary>The next batch, or null where it pays to wait for more images.</summary>
    public IReadOnlyList<InferenceJob>? Next()
    {
        var fitting = CountFitting(out var isFull);
        if (fitting == 0 || (!isFull && TimeUntilDue() > TimeSpan.Zero))
        {
            return null;
        }

        return [.. Enumerable.Range(0, fitting).Select(_ => _waiting.Dequeue())];
    }

    /// <summary>How long until the first image has waited long enough; <see cref="Timeout.InfiniteTimeSpan"/> where none waits.</summary>
    public TimeSpan TimeUntilDue()
    {
        if (!_waiting.TryPeek(out var first))
        {
            return Timeout.InfiniteTimeSpan;
        }

        var left = first.EnqueuedAt + options.MaxBatchWait - clock.GetUtcNow();
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>Removes images nobody waits for and fails those whose time is over. Returns how many left.</summary>
    public int DropUnwanted()
    {
        var now = clock.GetUtcNow();
        var before = _waiting.Count;
        for (var i = 0; i < before; i++)
        {
            var job = _waiting.Dequeue();
            if (!job.IsWanted)
            {
                job.Cancel();
            }
            else if (job.Deadline <= now)
            {
                job.Fail(InferenceQueue.Expired(options.RequestTimeout));
            }
            else
            {
                _waiting.Enqueue(job);
            }
        }

        return before - _waiting.Count;
    }

    /// <summary>Gives up everything that waits.</summary>
    public int FailAll(Func<Exception> error)
    {
        var count = _waiting.Count;
        while (_waiting.TryDequeue(out var job))
        {
            job.Fail(error());
        }

        return count;
    }

    /// <summary>Images from the front whose rows fit; full where no row is left or the next image does not fit.</summary>
    private int CountFitting(out bool isFull)
    {
        var rows = 0;
        var count = 0;
        foreach (var job in _waiting)
        {
            if (rows + job.Specification.Rows > options.MaxBatchRows)
            {
                isFull = true;
                return count;
            }

            rows += job.Specification.Rows;
            count++;
        }

        isFull = rows == options.MaxBatchRows;
        return count;
    }
}
