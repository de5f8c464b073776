using CtfService.Core.Models;

namespace CtfService.Inference.Queue;

/// <summary>
/// The waiting images of one priority, in two lines. Images with decode steps wait for rows; if the rows of the first are not free, those behind it wait too,
/// so that none starves. Images without decode steps wait for their share of the later stages (<see cref="LayoutFairShare"/>). Plain state for one thread.
/// </summary>
/// <param name="takesTurns">See <see cref="WaitingLine"/>.</param>
internal sealed class PriorityLines(StageCostEstimator estimator, bool takesTurns)
{
    private readonly LayoutFairShare _fairShare = new(estimator);
    private readonly WaitingLine _drawn = new(takesTurns);
    private readonly WaitingLine _layouts = new(takesTurns);

    public bool IsEmpty => _drawn.IsEmpty && _layouts.IsEmpty;

    public void Add(InferenceJob job) => LineOf(job).Add(job);

    /// <summary>Puts an image that was running and must restart before all others of its kind.</summary>
    public void PutBack(InferenceJob job) => LineOf(job).PutBack(job);

    /// <summary>Removes and returns the next image, or null if none may start.</summary>
    /// <param name="running">The running images of this priority.</param>
    public InferenceJob? Next(RunningImages running)
    {
        if (_drawn.First?.Specification.Rows <= running.FreeRows)
        {
            return _drawn.Take();
        }

        if (_layouts.First is { } layout && _fairShare.MayStart(layout.Specification, running))
        {
            _fairShare.Started(layout.Specification);
            return _layouts.Take();
        }

        return null;
    }

    /// <summary>Accounts for the device time of a step of this priority.</summary>
    public void StepEnded(StepReport step) => _fairShare.StepEnded(step);

    public void RemoveAll(Predicate<InferenceJob> match)
    {
        _drawn.RemoveAll(match);
        _layouts.RemoveAll(match);
    }

    /// <summary>Fails all waiting images.</summary>
    /// <returns>The number of images.</returns>
    public int FailAll(Func<Exception> error)
    {
        List<InferenceJob> waiting = [.. _drawn.TakeAll(), .. _layouts.TakeAll()];
        waiting.ForEach(job => job.Fail(error()));
        return waiting.Count;
    }

    private WaitingLine LineOf(InferenceJob job) => job.Specification.Rows > 0 ? _drawn : _layouts;
}
