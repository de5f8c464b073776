using CtfService.Inference.Telemetry;

namespace CtfService.Inference.Queue;

/// <summary>
/// How many images of one lane wait and run. Each job reports its own moves, so an image is counted until it ends, whichever way it ends. Any thread.
/// </summary>
internal sealed class LaneWork
{
    private readonly Lock _gate = new();
    private int _waiting;
    private int _running;

    /// <summary>Images admitted that have neither started nor ended.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
            {
                return _waiting;
            }
        }
    }

    /// <summary>Images in the generator.</summary>
    public int Running
    {
        get
        {
            lock (_gate)
            {
                return _running;
            }
        }
    }

    /// <summary>An image was admitted and waits.</summary>
    public void Entered() => Count(ImagePlace.Waiting, 1);

    /// <summary>An image has gone from one place to another.</summary>
    public void Moved(ImagePlace from, ImagePlace to)
    {
        Count(from, -1);
        Count(to, 1);
    }

    private void Count(ImagePlace place, int images)
    {
        lock (_gate)
        {
            _waiting += place == ImagePlace.Waiting ? images : 0;
            _running += place == ImagePlace.Running ? images : 0;
        }
    }
}
