using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.Inference.Queue;

/// <summary>
/// Decides which waiting image starts next. Interactive images are first come, first served. A bulk image starts only while no interactive image waits or runs;
/// bulk submissions take turns. Plain state for one thread: no threads, no tensors, no logs.
/// </summary>
internal sealed class AdmissionScheduler(StageCostEstimator estimator, TimeProvider clock)
{
    private readonly PriorityLines _interactive = new(estimator, takesTurns: false);
    private readonly PriorityLines _bulk = new(estimator, takesTurns: true);

    public bool IsEmpty => _interactive.IsEmpty && _bulk.IsEmpty;

    public void Add(InferenceJob job) => LinesOf(job.Priority).Add(job);

    /// <summary>Puts an image that was running and must restart before all others of its kind.</summary>
    public void PutBack(InferenceJob job) => LinesOf(job.Priority).PutBack(job);

    /// <summary>Removes and returns the next image, or null if none may start.</summary>
    /// <param name="interactive">The running interactive images.</param>
    /// <param name="bulk">The running bulk images.</param>
    public InferenceJob? Next(RunningImages interactive, RunningImages bulk) =>
        _interactive.IsEmpty && interactive.Count == 0 ? _bulk.Next(bulk) : _interactive.Next(interactive);

    /// <summary>Accounts for the device time of a step.</summary>
    /// <param name="priority">The highest priority in the step.</param>
    public void StepEnded(StepReport step, ImagePriority priority) => LinesOf(priority).StepEnded(step);

    /// <summary>Cancels images that no caller waits for and fails those past their deadline.</summary>
    public void DropUnwanted()
    {
        if (IsEmpty)
        {
            return; // the usual case between two decode steps: no allocation
        }

        var now = clock.GetUtcNow();
        _interactive.RemoveAll(job => IsUnwanted(job, now));
        _bulk.RemoveAll(job => IsUnwanted(job, now));
    }

    /// <summary>Fails all waiting images.</summary>
    /// <returns>The number of images.</returns>
    public int FailAll(Func<Exception> error) => _interactive.FailAll(error) + _bulk.FailAll(error);

    /// <summary>Fails the waiting bulk images.</summary>
    public void FailBulk(Func<Exception> error) => _bulk.FailAll(error);

    private PriorityLines LinesOf(ImagePriority priority) => priority == ImagePriority.Bulk ? _bulk : _interactive;

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
