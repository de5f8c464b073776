using CtfService.Core.Generation;
using CtfService.Inference.Status;

namespace CtfService.Inference.Queue;

/// <summary>
/// The waiting images of all devices, and the decision which of them starts next, where, and at which priority. Flows share starts by weight; within a flow,
/// interactive images are first come, first served, and bulk submissions take turns. An image of a batch or a job starts only while none of a higher priority
/// waits or runs on the device. Devices share images evenly. Idle workers wait here for a change. Thread-safe; no tensors, no logs (docs/adr/0019, 0022).
/// </summary>
internal sealed class AdmissionScheduler
{
    private static readonly TimeSpan DeadlineCheck = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _clock;
    private readonly object _gate = new(); // a monitor: unlike an event, it needs no disposal while a worker may still wait on it
    private readonly PriorityLines[] _lines; // by the priority that their submissions asked for, the highest first
    private readonly DeviceList _devices = new();
    private long _changes; // written under _gate
    private volatile bool _isEmpty = true; // written under _gate

    public AdmissionScheduler(TimeProvider clock)
    {
        _clock = clock;
        _lines = [.. Enum.GetValues<ImagePriority>().Select(priority => new PriorityLines(priority, Flows))];
    }

    /// <summary>The images of each flow, which the queue counts.</summary>
    public FlowLoads Flows { get; } = new();

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
            device.Loaded(rows);
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

    /// <summary>Removes a device that does not end its step, if there is another.</summary>
    public bool TryLeave(DeviceShare device)
    {
        lock (_gate)
        {
            if (!_devices.HasOther(device))
            {
                return false;
            }

            _devices.Remove(device);
            Changed();
            return true;
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

    /// <summary>Puts an image that was running and must restart before all others of its flow and kind.</summary>
    public void PutBack(InferenceJob job)
    {
        lock (_gate)
        {
            LinesOf(job).PutBack(job);
            Changed();
        }
    }

    /// <summary>
    /// Puts an image that failed on a device before all others of its flow, for another device to start it again; its seed makes it the same.
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
    /// <param name="running">The images that run on the device.</param>
    public InferenceJob? Next(DeviceShare device, RunningLevels running)
    {
        lock (_gate)
        {
            device.Running.CopyFrom(running);
            if (_isEmpty)
            {
                return null; // the usual case between two decode steps
            }

            if (LinesOf(device)?.Next(device, _devices) is not { } job)
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

    /// <summary>Returns how many rows more than its fair share the flow of an image has, 0 if it has none.</summary>
    public double Excess(InferenceJob job)
    {
        lock (_gate)
        {
            return job.Priority <= ImagePriority.Interactive ? Flows.Excess(job.Flow, job.Specification.Rows > 0, _devices.Rows) : 0;
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
            var now = _clock.GetSteadyNow();
            if (_lines.Sum(lines => lines.RemoveAll(job => IsUnwanted(job, now))) > 0)
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
            InferenceJob[] all = [.. _lines.SelectMany(lines => lines.TakeAll())];
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
            waiting = _lines[(int)ImagePriority.Bulk].TakeAll();
            if (waiting.Count == 0)
            {
                return; // an idle worker calls this again and again
            }

            Changed();
        }

        Fail(waiting, error);
    }

    /// <summary>
    /// Blocks a worker until something has changed since it read <see cref="Changes"/>, or for a moment if images wait that it may not start: their deadlines
    /// pass without a change.
    /// </summary>
    /// <param name="seen">The value that it read before it found nothing to do.</param>
    public void WaitForChange(long seen)
    {
        lock (_gate)
        {
            while (_changes == seen)
            {
                if (!_isEmpty)
                {
                    Monitor.Wait(_gate, DeadlineCheck);
                    return;
                }

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

    private bool AreLinesEmpty => Array.TrueForAll(_lines, static lines => lines.IsEmpty);

    /// <summary>Call under the lock.</summary>
    private void Changed()
    {
        _isEmpty = AreLinesEmpty;
        Volatile.Write(ref _changes, _changes + 1);
        Monitor.PulseAll(_gate);
    }

    private PriorityLines LinesOf(InferenceJob job) => _lines[(int)job.Priority];

    /// <summary>Returns the lines of the highest priority that has images, or null if a device runs images before which they must not start.</summary>
    private PriorityLines? LinesOf(DeviceShare device)
    {
        var lines = Array.Find(_lines, static lines => !lines.IsEmpty);
        return lines?.Priority > ImagePriority.Interactive && device.Running.HasAbove(lines.Priority) ? null : lines;
    }

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
