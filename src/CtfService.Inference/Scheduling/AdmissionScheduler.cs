using CtfService.Inference.Queue;

namespace CtfService.Inference.Scheduling;

/// <summary>
/// Decides which waiting image joins next: first come, first served. One whose rows are not free holds up everything behind it, so that nothing starves; only
/// images that take no rows pass it.
/// Plain state for one thread: no threads, no tensors, no logs.
/// </summary>
internal sealed class AdmissionScheduler(TimeProvider clock)
{
    private readonly List<InferenceJob> _waiting = [];

    public bool IsEmpty => _waiting.Count == 0;

    public void Add(InferenceJob job) => _waiting.Add(job);

    /// <summary>An image that was running and must start again comes before all others.</summary>
    public void PutBack(InferenceJob job) => _waiting.Insert(0, job);

    /// <summary>Takes the next image out, or null where none waits or its rows are not free.</summary>
    public InferenceJob? Next(int freeRows)
    {
        if (_waiting.Count == 0)
        {
            return null;
        }

        var place = _waiting[0].Specification.Rows <= freeRows ? 0 : _waiting.FindIndex(static job => job.Specification.Rows == 0);
        if (place < 0)
        {
            return null;
        }

        var job = _waiting[place];
        _waiting.RemoveAt(place);
        return job;
    }

    /// <summary>Removes images nobody waits for and fails those whose time is over.</summary>
    public void DropUnwanted()
    {
        if (_waiting.Count == 0)
        {
            return; // the usual case between two decode steps: allocates nothing
        }

        var now = clock.GetUtcNow();
        _waiting.RemoveAll(job => IsUnwanted(job, now));
    }

    /// <summary>Gives up everything that waits. Returns how many images that were.</summary>
    public int FailAll(Func<Exception> error)
    {
        var count = _waiting.Count;
        foreach (var job in _waiting)
        {
            job.Fail(error());
        }

        _waiting.Clear();
        return count;
    }

    private static bool IsUnwanted(InferenceJob job, DateTimeOffset now)
    {
        if (!job.IsWanted)
        {
            job.Cancel();
            return true;
        }

        if (job.IsLate(now))
        {
            job.Fail(job.Deadline.Exceeded());
            return true;
        }

        return false;
    }
}
