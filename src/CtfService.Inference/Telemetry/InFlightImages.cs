namespace CtfService.Inference.Telemetry;

/// <summary>
/// Images between admission and end as an observer sees them: how many wait and run, and when a step last ended. Fed by events from any thread. Knows no queue, no worker and
/// no model, so that there may be several of them at a time, as while models are switched.
/// </summary>
internal sealed class InFlightImages(TimeProvider clock)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<InFlightImage> _waiting = new(); // the longest waiting first
    private int _waitingRows;
    private int _running;
    private int _runningRows;
    private int _rows; // of all generators
    private long _busySince; // when the first of the images that are here came
    private long _lastStep;

    /// <summary>An image was admitted and waits from now on.</summary>
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

    /// <summary>A step of any generator ended.</summary>
    public void StepEnded() => Volatile.Write(ref _lastStep, clock.GetTimestamp());

    /// <summary>A generator with so many rows came, or with a negative number went.</summary>
    public void RowsChanged(int rows)
    {
        lock (_gate)
        {
            _rows += rows;
        }
    }

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

    /// <summary>Moves an image on; from where it ended it does not come back. Returns where it was; null if it did not move.</summary>
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
                _waiting.AddFirst(image.WaitingNode); // it starts again before all others
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

/// <summary>The flow at one moment.</summary>
internal readonly record struct InFlightSnapshot
{
    public int Waiting { get; init; }

    public int WaitingRows { get; init; }

    /// <summary>How long the image that has waited longest has; zero where none waits.</summary>
    public TimeSpan OldestWait { get; init; }

    public int Running { get; init; }

    /// <summary>Rows in use over rows there are, 0..1.</summary>
    public double Occupancy { get; init; }

    /// <summary>Since the last step ended, or the first of the images that are here came; zero where none is.</summary>
    public TimeSpan StalledFor { get; init; }
}
