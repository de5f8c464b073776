using CtfService.Core.Generation;

namespace CtfService.Inference.Queue;

/// <summary>
/// The waiting images of all devices, and the decision which of them starts next and where. Interactive images are first come, first served. A bulk image
/// starts only while no interactive image waits or runs on the device; bulk submissions take turns. Devices share images evenly. Idle workers wait here for a
/// change. Thread-safe; no tensors, no logs (docs/adr/0019).
/// </summary>
internal sealed class AdmissionScheduler(TimeProvider clock)
{
    private readonly object _gate = new(); // a monitor: unlike an event, it needs no disposal while a worker may still wait on it
    private readonly PriorityLines _interactive = new(ImagePriority.Interactive, takesTurns: false);
    private readonly PriorityLines _bulk = new(ImagePriority.Bulk, takesTurns: true);
    private readonly DeviceList _devices = new();
    private long _changes; // written under _gate
    private volatile bool _isEmpty = true; // written under _gate

    /// <summary>True if no image waits.</summary>
    public bool IsEmpty => _isEmpty;

    /// <summary>Number of devices that load or serve. Read without the lock: it changes rarely.</summary>
    public int Devices => _devices.Count;

    /// <summary>Number of changes so far that may let an idle worker continue; see <see cref="WaitForChange"/>.</summary>
    public long Changes => Volatile.Read(ref _changes);

    /// <summary>True if no image waits, and none runs on any device.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_gate)
            {
                return _isEmpty && _devices.AreIdle;
            }
        }
    }

    /// <summary>Adds a device that will take images.</summary>
    public void Join(DeviceShare device)
    {
        lock (_gate)
        {
            _devices.Add(device);
        }
    }

    /// <summary>Counts the rows of a device that has loaded the model, so that the others leave its share from the first image on.</summary>
    public void Loaded(DeviceShare device, int rows)
    {
        lock (_gate)
        {
            var idle = new RunningImages(rows, Drawn: 0, Layouts: 0);
            device.Update(idle, idle);
        }
    }

    /// <summary>Removes a device that takes no more images.</summary>
    /// <returns>True if it was the last one.</returns>
    public bool Leave(DeviceShare device)
    {
        lock (_gate)
        {
            _devices.Remove(device);
            Changed();
            return _devices.Count == 0;
        }
    }

    /// <summary>Returns true if there is another device.</summary>
    public bool HasOther(DeviceShare device)
    {
        lock (_gate)
        {
            return _devices.HasOther(device);
        }
    }

    /// <summary>Adds images at once, so that the devices share them.</summary>
    public void Add(params IReadOnlyList<InferenceJob> jobs)
    {
        lock (_gate)
        {
            foreach (var job in jobs)
            {
                LinesOf(job).Add(job);
            }

            Changed();
        }
    }

    /// <summary>Puts an image that was running and must restart before all others of its kind.</summary>
    public void PutBack(InferenceJob job)
    {
        lock (_gate)
        {
            LinesOf(job).PutBack(job);
            Changed();
        }
    }

    /// <summary>
    /// Puts an image that failed on a device before all others, for another device to start it again; its seed makes it the same.
    /// </summary>
    /// <returns>False if there is no other device, or if the image has failed on a device before.</returns>
    public bool TryRestart(InferenceJob job, DeviceShare failed)
    {
        lock (_gate)
        {
            if (job.FailedOn is not null || !_devices.HasOther(failed))
            {
                return false;
            }

            job.FailedOn = failed;
            job.MarkRestarted();
            LinesOf(job).PutBack(job);
            Changed();
            return true;
        }
    }

    /// <summary>Removes and returns the next image for a device, or null if none may start there.</summary>
    /// <param name="interactive">The interactive images that run on the device.</param>
    /// <param name="bulk">The bulk images that run on the device.</param>
    public InferenceJob? Next(DeviceShare device, RunningImages interactive, RunningImages bulk)
    {
        lock (_gate)
        {
            device.Update(interactive, bulk);
            if (_isEmpty)
            {
                return null; // the usual case between two decode steps
            }

            var lines = _interactive.IsEmpty && interactive.Count == 0 ? _bulk : _interactive;
            if (lines.Next(device, _devices) is not { } job)
            {
                return null;
            }

            device.Started(job);
            _isEmpty = AreLinesEmpty;
            if (job.FailedOn is not null)
            {
                Changed(); // the device where it failed has waited for this
            }

            return job;
        }
    }

    /// <summary>Cancels images that no caller waits for and fails those past their deadline.</summary>
    public void DropUnwanted()
    {
        if (_isEmpty)
        {
            return; // the usual case between two decode steps: no allocation
        }

        lock (_gate)
        {
            var now = clock.GetUtcNow();
            if (_interactive.RemoveAll(job => IsUnwanted(job, now)) + _bulk.RemoveAll(job => IsUnwanted(job, now)) > 0)
            {
                Changed();
            }
        }
    }

    /// <summary>Removes and returns all waiting images.</summary>
    public IReadOnlyList<InferenceJob> TakeAll()
    {
        lock (_gate)
        {
            InferenceJob[] all = [.. _interactive.TakeAll(), .. _bulk.TakeAll()];
            Changed();
            return all;
        }
    }

    /// <summary>Fails all waiting images.</summary>
    /// <returns>The number of images.</returns>
    public int FailAll(Func<Exception> error) => Fail(TakeAll(), error);

    /// <summary>Fails the waiting bulk images.</summary>
    public void FailBulk(Func<Exception> error)
    {
        if (_isEmpty)
        {
            return;
        }

        List<InferenceJob> waiting;
        lock (_gate)
        {
            waiting = _bulk.TakeAll();
            Changed();
        }

        Fail(waiting, error);
    }

    /// <summary>Blocks a worker until something has changed since it read <see cref="Changes"/>.</summary>
    /// <param name="seen">The value that it read before it found nothing to do.</param>
    public void WaitForChange(long seen)
    {
        lock (_gate)
        {
            while (_changes == seen)
            {
                Monitor.Wait(_gate);
            }
        }
    }

    /// <summary>Lets all idle workers look again.</summary>
    public void Wake()
    {
        lock (_gate)
        {
            Changed();
        }
    }

    private bool AreLinesEmpty => _interactive.IsEmpty && _bulk.IsEmpty;

    /// <summary>Call under the lock.</summary>
    private void Changed()
    {
        _isEmpty = AreLinesEmpty;
        Volatile.Write(ref _changes, _changes + 1);
        Monitor.PulseAll(_gate);
    }

    private PriorityLines LinesOf(InferenceJob job) => job.Priority == ImagePriority.Bulk ? _bulk : _interactive;

    private static int Fail(IReadOnlyList<InferenceJob> jobs, Func<Exception> error)
    {
        foreach (var job in jobs)
        {
            job.Fail(error());
        }

        return jobs.Count;
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
