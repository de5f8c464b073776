using CtfService.Core.Generation;

namespace CtfService.Inference.Queue;

/// <summary>
/// The waiting images of one priority, in two lines. Images with decode steps wait for rows; if the rows of the first are not free, those behind it wait too,
/// so that none starves. Images without decode steps wait for their share of the later stages (<see cref="LayoutFairShare"/>). Plain state, guarded by the lock
/// of the scheduler.
/// </summary>
/// <param name="takesTurns">See <see cref="WaitingLine"/>.</param>
internal sealed class PriorityLines(ImagePriority priority, bool takesTurns)
{
    private readonly WaitingLine _drawn = new(takesTurns);
    private readonly WaitingLine _layouts = new(takesTurns);

    public bool IsEmpty => _drawn.IsEmpty && _layouts.IsEmpty;

    public void Add(InferenceJob job) => LineOf(job).Add(job);

    /// <summary>Puts an image that was running and must restart before all others of its kind.</summary>
    public void PutBack(InferenceJob job) => LineOf(job).PutBack(job);

    /// <summary>Removes and returns the next image for a device, or null if none may start there.</summary>
    public InferenceJob? Next(DeviceShare device, DeviceList devices)
    {
        var (running, waiting) = (device.Running(priority), _drawn.Count + _layouts.Count);
        if (_drawn.First is { } drawn && drawn.Specification.Rows <= running.FreeRows && devices.MayTake(device, drawn, waiting))
        {
            return _drawn.Take();
        }

        var turns = device.TurnsOf(priority);
        if (_layouts.First is { } layout && devices.MayTake(device, layout, waiting) && turns.MayStart(layout.Specification, running))
        {
            turns.Started(layout.Specification);
            return _layouts.Take();
        }

        return null;
    }

    /// <summary>Removes the images that match.</summary>
    /// <returns>The number of images.</returns>
    public int RemoveAll(Predicate<InferenceJob> match) => _drawn.RemoveAll(match) + _layouts.RemoveAll(match);

    /// <summary>Removes and returns all images.</summary>
    public List<InferenceJob> TakeAll() => [.. _drawn.TakeAll(), .. _layouts.TakeAll()];

    private WaitingLine LineOf(InferenceJob job) => job.Specification.Rows > 0 ? _drawn : _layouts;
}
