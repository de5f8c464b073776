namespace CtfService.Inference.Queue;

/// <summary>The devices of an instance and the rule by which they share waiting images. Plain state, guarded by the lock of the scheduler.</summary>
internal sealed class DeviceList
{
    private readonly List<DeviceShare> _devices = [];

    public int Count => _devices.Count;

    /// <summary>Number of rows of all devices.</summary>
    public int Rows
    {
        get
        {
            var rows = 0;
            foreach (var device in _devices)
            {
                rows += device.Rows;
            }

            return rows;
        }
    }

    /// <summary>True if no device runs an image.</summary>
    public bool AreIdle => _devices.TrueForAll(device => device.Running.Count == 0);

    public void Add(DeviceShare device) => _devices.Add(device);

    public void Remove(DeviceShare device) => _devices.Remove(device);

    public bool HasOther(DeviceShare device) => _devices.Exists(other => other != device);

    /// <summary>
    /// Returns true if a device may take an image. It leaves an image that failed there to the others. Otherwise it takes images up to an equal share: the
    /// images that wait, and those that run on it and on the devices with room, divided by these devices. The device with the fewest images is always below its
    /// share, so no device idles while images wait.
    /// </summary>
    /// <param name="waiting">Number of waiting images of the same priority, this one included.</param>
    public bool MayTake(DeviceShare device, InferenceJob job, int waiting)
    {
        if (!HasOther(device))
        {
            return true;
        }

        if (job.FailedOn == device)
        {
            return false;
        }

        var (devices, images) = (0, waiting);
        foreach (var other in _devices)
        {
            if (other == device || other.HasRoom(job))
            {
                devices++;
                images += other.Running[job.Level].Count;
            }
        }

        var share = (images + devices - 1) / devices;
        return device.Running[job.Level].Count < share;
    }
}
