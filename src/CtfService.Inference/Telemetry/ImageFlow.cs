namespace CtfService.Inference.Telemetry;

/// <summary>
/// Images between admission and end as an observer sees them: how many wait and run, and when a step last ended. Fed by events from any thread. Knows no queue, no worker and
/// no model, so that there may be several of them at a time, as while models are switched.
/// </summary>
internal sealed class ImageFlow(TimeProvider clock)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<ImagePass> _waiting = new(); // the longest waiting first
    private int _waitingRows;
    private int _running;
    private int _runningRows;
    private int _rows; // of all generators
    private long _busySince; // when the first of the images that are here came
    private long _lastStep;

    /// <summary>An image was admitted and waits from now on.</summary>
    public ImagePass Enter(int rows)
    {
        lock (_gate)
        {
            var now = clock.GetTimestamp();
            _busySince = _waiting.Count + _running == 0 ? now : _busySince;
            var pass = new ImagePass(this, rows, now);
            _waiting.AddLast(pass.Place);
            _waitingRows += rows;
            return pass;
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

    public FlowReading Read()
    {
        lock (_gate)
        {
            return new FlowReading
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
    internal ImagePlace? Move(ImagePass pass, ImagePlace to)
    {
        lock (_gate)
        {
            var from = pass.Where;
            if (from == to || from == ImagePlace.Ended)
            {
                return null;
            }

            Leave(pass);
            pass.Where = to;
            if (to == ImagePlace.Waiting)
            {
                _waiting.AddFirst(pass.Place); // it starts again before all others
                _waitingRows += pass.Rows;
            }
            else if (to == ImagePlace.Running)
            {
                _running++;
                _runningRows += pass.Rows;
            }

            return from;
        }
    }

    private void Leave(ImagePass pass)
    {
        if (pass.Where == ImagePlace.Waiting)
        {
            _waiting.Remove(pass.Place);
            _waitingRows -= pass.Rows;
        }
        else
        {
            _running--;
            _runningRows -= pass.Rows;
        }
    }
}

/// <summary>The flow at one moment.</summary>
internal readonly record struct FlowReading
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
