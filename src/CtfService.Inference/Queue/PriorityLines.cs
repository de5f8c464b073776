using CtfService.Core.Generation;

namespace CtfService.Inference.Queue;

/// <summary>
/// The waiting images of one priority, in two lines. Images with decode steps wait for rows; if the rows of the first are not free, those behind it wait too,
/// so that none starves. Images without decode steps wait for their share of the later stages (<see cref="LayoutFairShare"/>). An interactive image of a flow
/// that uses little starts at high priority while another flow crowds the devices. Plain state, guarded by the lock of the scheduler.
/// </summary>
internal sealed class PriorityLines(ImagePriority priority, FlowLoads flows)
{
    private readonly FairLine _drawn = new(takesTurns: priority == ImagePriority.Bulk);
    private readonly FairLine _layouts = new(takesTurns: priority == ImagePriority.Bulk);

    public ImagePriority Priority => priority;

    public bool IsEmpty => _drawn.IsEmpty && _layouts.IsEmpty;

    private int Count => _drawn.Count + _layouts.Count;

    public void Add(InferenceJob job) => LineOf(job).Add(job);

    /// <summary>Puts an image that was running and must restart before all others of its flow and kind.</summary>
    public void PutBack(InferenceJob job) => LineOf(job).PutBack(job);

    /// <summary>Removes and returns the next image for a device, or null if none may start there. Sets its level.</summary>
    public InferenceJob? Next(DeviceShare device, DeviceList devices) => NextDrawn(device, devices) ?? NextLayout(device, devices);

    /// <summary>Removes the images that match.</summary>
    /// <returns>The number of images.</returns>
    public int RemoveAll(Predicate<InferenceJob> match) => _drawn.RemoveAll(match) + _layouts.RemoveAll(match);

    /// <summary>Removes and returns all images.</summary>
    public List<InferenceJob> TakeAll() => [.. _drawn.TakeAll(), .. _layouts.TakeAll()];

    private InferenceJob? NextDrawn(DeviceShare device, DeviceList devices)
    {
        if (_drawn.First is not { } job)
        {
            return null;
        }

        job.Level = LevelOf(job, _drawn, devices);
        return job.Specification.Rows <= device.Running[job.Level].FreeRows && devices.MayTake(device, job, Count) ? _drawn.Take() : null;
    }

    private InferenceJob? NextLayout(DeviceShare device, DeviceList devices)
    {
        if (_layouts.First is not { } job)
        {
            return null;
        }

        job.Level = LevelOf(job, _layouts, devices);
        var turns = device.TurnsOf(job.Level);
        if (!devices.MayTake(device, job, Count) || !turns.MayStart(job.Specification, device.Running[job.Level]))
        {
            return null;
        }

        turns.Started(job.Specification);
        return _layouts.Take();
    }

    private ImagePriority LevelOf(InferenceJob job, FairLine line, DeviceList devices) =>
        priority == ImagePriority.Interactive && flows.MayOvertake(job, devices.Rows, line) ? ImagePriority.High : priority;

    private FairLine LineOf(InferenceJob job) => job.Specification.Rows > 0 ? _drawn : _layouts;
}
