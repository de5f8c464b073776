using CtfService.Core.Generation;

namespace CtfService.Inference.Telemetry;

/// <summary>
/// Counts the images between admission and end: how many wait and run, and when a step last completed. Bulk images are counted apart, because they give way
/// to all others. Independent of queue, worker and model, so devices and instances share it, as during a switch. Thread-safe.
/// </summary>
internal sealed class InFlightImages(TimeProvider clock)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<InFlightImage> _waiting = new(); // the longest waiting image is first
    private int _waitingRows;
    private int _running;
    private int _bulkWaiting;
    private int _bulkRunning;
    private int _runningRows;
    private readonly List<InFlightDevice> _devices = []; // whose generators are running
    private long _busySince; // when the first of the current images arrived
    private long _lastStep;

    /// <summary>True if a device has nothing to do: one that stands still elsewhere keeps no new image from starting.</summary>
    private bool CanStart => _waiting.Count + _bulkWaiting == 0 && _devices.Exists(device => device.IsIdle);

    private int Images => _waiting.Count + _running + _bulkWaiting + _bulkRunning;

    /// <summary>Adds an admitted image in the waiting state.</summary>
    public InFlightImage Enter(int rows, ImagePriority priority = ImagePriority.Interactive)
    {
        lock (_gate)
        {
            var now = clock.GetTimestamp();
            _busySince = Images == 0 ? now : _busySince;
            var image = new InFlightImage(this, rows, priority, now);
            Join(image, isRestarted: false);
            return image;
        }
    }

    /// <summary>Records that a step of any generator completed.</summary>
    public void StepEnded() => Volatile.Write(ref _lastStep, clock.GetTimestamp());

    /// <summary>Adds a generator that started.</summary>
    /// <param name="name">Name of its device.</param>
    public InFlightDevice Join(string name, int rows)
    {
        var device = new InFlightDevice(name, rows, clock);
        lock (_gate)
        {
            _devices.Add(device);
        }

        return device;
    }

    /// <summary>Removes a generator that ended.</summary>
    public void Leave(InFlightDevice device)
    {
        lock (_gate)
        {
            _devices.Remove(device);
        }
    }

    /// <summary>Returns the devices whose generators are running.</summary>
    public IReadOnlyList<InFlightDevice> ReadDevices()
    {
        lock (_gate)
        {
            return [.. _devices];
        }
    }

    /// <summary>Returns the current counts.</summary>
    public InFlightSnapshot Read()
    {
        lock (_gate)
        {
            var rows = _devices.Sum(device => device.Rows);
            return new InFlightSnapshot
            {
                Waiting = _waiting.Count,
                WaitingRows = _waitingRows,
                OldestWait = _waiting.First is { } oldest ? clock.GetElapsedTime(oldest.Value.EnteredAt) : TimeSpan.Zero,
                Running = _running,
                BulkWaiting = _bulkWaiting,
                BulkRunning = _bulkRunning,
                Occupancy = rows == 0 ? 0 : (double)_runningRows / rows,
                StalledFor = Images == 0 || CanStart ? TimeSpan.Zero : clock.GetElapsedTime(Math.Max(_busySince, Volatile.Read(ref _lastStep))),
            };
        }
    }

    /// <summary>Moves an image to another state. Ended is final.</summary>
    /// <returns>The previous state; null if it did not change.</returns>
    internal ImageState? Move(InFlightImage image, ImageState to)
    {
        lock (_gate)
        {
            var from = image.State;
            if (from == to || from == ImageState.Ended)
            {
                return null;
            }

            Leave(image);
            image.State = to;
            Join(image, isRestarted: to == ImageState.Waiting);
            return from;
        }
    }

    private void Join(InFlightImage image, bool isRestarted)
    {
        if (image.Priority == ImagePriority.Bulk)
        {
            CountBulk(image.State, 1);
        }
        else if (image.State == ImageState.Running)
        {
            _running++;
            _runningRows += image.Rows;
        }
        else if (image.State == ImageState.Waiting)
        {
            if (isRestarted)
            {
                _waiting.AddFirst(image.WaitingNode); // a restarted image precedes all others
            }
            else
            {
                _waiting.AddLast(image.WaitingNode);
            }

            _waitingRows += image.Rows;
        }
    }

    private void Leave(InFlightImage image)
    {
        if (image.Priority == ImagePriority.Bulk)
        {
            CountBulk(image.State, -1);
        }
        else if (image.State == ImageState.Waiting)
        {
            _waiting.Remove(image.WaitingNode);
            _waitingRows -= image.Rows;
        }
        else
        {
            _running--;
            _runningRows -= image.Rows;
        }
    }

    private void CountBulk(ImageState state, int change)
    {
        _bulkWaiting += state == ImageState.Waiting ? change : 0;
        _bulkRunning += state == ImageState.Running ? change : 0;
    }
}

/// <summary>Counts of in-flight images at one moment; of the interactive ones, unless a name says otherwise.</summary>
internal readonly record struct InFlightSnapshot
{
    public int Waiting { get; init; }

    public int WaitingRows { get; init; }

    /// <summary>Waiting time of the oldest waiting image; zero if none waits.</summary>
    public TimeSpan OldestWait { get; init; }

    public int Running { get; init; }

    public int BulkWaiting { get; init; }

    /// <summary>Bulk images that have started and not ended; they may be paused.</summary>
    public int BulkRunning { get; init; }

    /// <summary>Fraction of all rows that interactive images use, 0 to 1.</summary>
    public double Occupancy { get; init; }

    /// <summary>
    /// Time since the last step completed or, if later, since the first of the current images of any priority arrived; zero if there are none, or if none
    /// waits and a device is idle.
    /// </summary>
    public TimeSpan StalledFor { get; init; }
}

/// <summary>State of one image in <see cref="InFlightImages"/>. Thread-safe; ending an image twice has no further effect.</summary>
internal sealed class InFlightImage
{
    private readonly InFlightImages _inFlight;

    internal InFlightImage(InFlightImages inFlight, int rows, ImagePriority priority, long enteredAt)
    {
        (_inFlight, Rows, Priority, EnteredAt) = (inFlight, rows, priority, enteredAt);
        WaitingNode = new LinkedListNode<InFlightImage>(this);
    }

    public int Rows { get; }

    public ImagePriority Priority { get; }

    /// <summary>Timestamp of the admission.</summary>
    internal long EnteredAt { get; }

    /// <summary>Node in the list of waiting images.</summary>
    internal LinkedListNode<InFlightImage> WaitingNode { get; }

    /// <summary>Guarded by the lock of <see cref="InFlightImages"/>.</summary>
    internal ImageState State { get; set; }

    /// <summary>Moves the image to another state.</summary>
    /// <returns>The previous state; null if it did not change.</returns>
    public ImageState? MoveTo(ImageState state) => _inFlight.Move(this, state);
}

/// <summary>State of an admitted image.</summary>
internal enum ImageState
{
    Waiting,
    Running,
    Ended,
}
