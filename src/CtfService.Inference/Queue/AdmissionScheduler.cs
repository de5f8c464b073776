using CtfService.Core.Models;

namespace CtfService.Inference.Queue;

/// <summary>
/// Decides which waiting image starts next. There are two first-come, first-served lines. Images with decode steps wait for rows; if the rows of the first
/// are not free, those behind it wait too, so that none starves. Images without decode steps wait for their share of the later stages
/// (<see cref="LayoutFairShare"/>). Plain state for one thread: no threads, no tensors, no logs.
/// </summary>
internal sealed class AdmissionScheduler(StageCostEstimator estimator, TimeProvider clock)
{
    private readonly LayoutFairShare _fairShare = new(estimator);
    private readonly List<InferenceJob> _drawn = [];
    private readonly List<InferenceJob> _layouts = [];

    public bool IsEmpty => _drawn.Count + _layouts.Count == 0;

    public void Add(InferenceJob job) => LineOf(job).Add(job);

    /// <summary>Puts an image that was running and must restart before all others of its kind.</summary>
    public void PutBack(InferenceJob job) => LineOf(job).Insert(0, job);

    /// <summary>Removes and returns the next image, or null if none may start.</summary>
    public InferenceJob? Next(RunningImages running)
    {
        if (_drawn.Count > 0 && _drawn[0].Specification.Rows <= running.FreeRows)
        {
            return TakeFirst(_drawn);
        }

        if (_layouts.Count > 0 && _fairShare.MayStart(_layouts[0].Specification, running))
        {
            _fairShare.Started(_layouts[0].Specification);
            return TakeFirst(_layouts);
        }

        return null;
    }

    /// <summary>Accounts for the device time of a step.</summary>
    public void StepEnded(StepReport step) => _fairShare.StepEnded(step);

    /// <summary>Cancels images that no caller waits for and fails those past their deadline.</summary>
    public void DropUnwanted()
    {
        if (IsEmpty)
        {
            return; // the usual case between two decode steps: no allocation
        }

        var now = clock.GetUtcNow();
        _drawn.RemoveAll(job => IsUnwanted(job, now));
        _layouts.RemoveAll(job => IsUnwanted(job, now));
    }

    /// <summary>Fails all waiting images.</summary>
    /// <returns>The number of images.</returns>
    public int FailAll(Func<Exception> error)
    {
        InferenceJob[] waiting = [.. _drawn, .. _layouts];
        _drawn.Clear();
        _layouts.Clear();
        foreach (var job in waiting)
        {
            job.Fail(error());
        }

        return waiting.Length;
    }

    private List<InferenceJob> LineOf(InferenceJob job) => job.Specification.Rows > 0 ? _drawn : _layouts;

    private static InferenceJob TakeFirst(List<InferenceJob> line)
    {
        var job = line[0];
        line.RemoveAt(0);
        return job;
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
