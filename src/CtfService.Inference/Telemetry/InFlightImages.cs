namespace CtfService.Inference.Telemetry;

/// <summary>
/// Counts the images between admission and end: how many wait and run, and when a step last completed. Independent of queue, worker and model, so several
/// instances share it, as during a switch. Thread-safe.
/// </summary>
internal sealed class InFlightImages(TimeProvider clock)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<InFlightImage> _waiting = new(); // the longest waiting image is first
    private int _waitingRows;
    private int _running;
    private int _runningRows;
    private int _rows; // of all generators
    private long _busySince; // when the first of the current images arrived
    private long _lastStep;

    /// <summary>Adds an admitted image in the waiting state.</summary>
    public InFlightImage Enter(int rows)
    {
        lock (_gate)
        {
            var now = clock.GetTimestamp();
            _busySince = _waiting.Count + _running == 0 ? now : _busySince;
            var image = new InFlightImage(this, rows, now);
            _waiting.AddLast(image.WaitingNode);
            _waitingRows += rows;
            return image;
        }
    }

    /// <summary>Records that a step of any generator completed.</summary>
    public void StepEnded() => Volatile.Write(ref _lastStep, clock.GetTimestamp());

    /// <summary>Adds the rows of a generator that started, or removes those of one that ended (negative).</summary>
    public void RowsChanged(int rows)
    {
        lock (_gate)
        {
            _rows += rows;
        }
    }

    /// <summary>Returns the current counts.</summary>
    public InFlightSnapshot Read()
    {
        lock (_gate)
        {
            return new InFlightSnapshot
            {
                Waiting = _waiting.Count,
                WaitingRows = _waitingRows,
                OldestWait = _waiting.First is { } oldest ? clock.GetElapsedTime(oldest.Value.EnteredAt) : TimeSpan.Zero,
                Running = _running,
                Occupancy = _rows == 0 ? 0 : (double)_runningRows / _rows,
                StalledFor = _waiting.Count + _running == 0 ? TimeSpan.Zero : clock.GetElapsedTime(Math.Max(_busySince, Volatile.Read(ref _lastStep))),
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
            if (to == ImageState.Waiting)
            {
                _waiting.AddFirst(image.WaitingNode); // a restarted image precedes all others
                _waitingRows += image.Rows;
            }
            else if (to == ImageState.Running)
            {
                _running++;
                _runningRows += image.Rows;
            }

            return from;
        }
    }

    private void Leave(InFlightImage image)
    {
        if (image.State == ImageState.Waiting)
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
}

/// <summary>Counts of in-flight images at one moment.</summary>
internal readonly record struct InFlightSnapshot
{
    public int Waiting { get; init; }

    public int WaitingRows { get; init; }

    /// <summary>Waiting time of the oldest waiting image; zero if none waits.</summary>
    public TimeSpan OldestWait { get; init; }

    public int Running { get; init; }

    /// <summary>Fraction of all rows that are in use, 0 to 1.</summary>
    public double Occupancy { get; init; }

    /// <summary>Time since the last step completed or, if later, since the first of the current images arrived; zero if there are none.</summary>
    public TimeSpan StalledFor { get; init; }
}

/// <summary>State of one image in <see cref="InFlightImages"/>. Thread-safe; ending an image twice has no further effect.</summary>
internal sealed class InFlightImage
{
    private readonly InFlightImages _inFlight;

    internal InFlightImage(InFlightImages inFlight, int rows, long enteredAt)
    {
        (_inFlight, Rows, EnteredAt) = (inFlight, rows, enteredAt);
        WaitingNode = new LinkedListNode<InFlightImage>(this);
    }

    public int Rows { get; }

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
