using CtfService.Core.Generation;
using CtfService.Inference.Telemetry;

namespace CtfService.Inference.Queue;

/// <summary>
/// The images of one instance that wait and run, and when places in the queue come free. Each job reports its own moves, so an image is counted until it ends,
/// whichever way it ends. Any thread.
/// </summary>
/// <param name="estimator">What work costs, and how many decode steps there were.</param>
/// <param name="rows">Rows of a decode step.</param>
internal sealed class QueueLoad(StageCostEstimator estimator, int rows)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<InferenceJob> _running = new(); // those whose layout is drawn, the oldest first: it ends first
    private readonly Dictionary<InferenceJob, (LinkedListNode<InferenceJob> Place, long Start)> _starts = [];
    private int _waiting;
    private int _waitingDrawn;
    private int _waitingRows;
    private int _waitingPictures;
    private int _runningLayouts;

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

    /// <summary>An image was admitted and waits.</summary>
    public void Entered(InferenceJob job)
    {
        lock (_gate)
        {
            Count(job, 1);
        }
    }

    /// <summary>An image has gone from one place to another.</summary>
    public void Moved(InferenceJob job, ImageState from, ImageState to)
    {
        lock (_gate)
        {
            if (from == ImageState.Waiting)
            {
                Count(job, -1);
            }
            else
            {
                Leave(job);
            }

            if (to == ImageState.Waiting)
            {
                Count(job, 1);
            }
            else if (to == ImageState.Running)
            {
                Start(job);
            }
        }
    }

    /// <summary>Time until some of the images that wait will have started.</summary>
    /// <param name="images">At least 1; more than wait count as if as many of the same kinds followed.</param>
    /// <param name="steps">Decode steps of an image: T.</param>
    public TimeSpan Forecast(int images, int steps)
    {
        var costs = estimator.Costs;
        lock (_gate)
        {
            var layouts = _waiting - _waitingDrawn;
            var later = costs.Fine + costs.VqDecode;
            var left = _running.Select(job => (Steps: steps - (estimator.DecodeSteps - _starts[job].Start), job.Specification.Rows))
                .Where(job => job.Steps > 0).ToList();
            var forecast = new QueueWaitForecast(costs.DecodeStep, steps, later)
            {
                Drawn = _waitingDrawn,
                RowsOfDrawn = _waitingDrawn == 0 ? 1 : (double)_waitingRows / _waitingDrawn,
                Layouts = layouts,
                CostOfLayout = later + (layouts == 0 ? TimeSpan.Zero : costs.VqEncode * ((double)_waitingPictures / layouts)),
                StartedLayouts = _runningLayouts,
                WithoutRows = _running.Count - left.Count,
            };
            forecast.Release(0, Math.Max(0, rows - left.Sum(job => job.Rows)));
            left.ForEach(job => forecast.Release(job.Steps, job.Rows));
            return forecast.UntilStarted(images);
        }
    }

    private void Count(InferenceJob job, int change)
    {
        var image = job.Specification;
        _waiting += change;
        _waitingDrawn += image.Rows > 0 ? change : 0;
        _waitingRows += change * image.Rows;
        _waitingPictures += image.Layout is LayoutSource.Encoded ? change : 0;
    }

    private void Start(InferenceJob job)
    {
        if (job.Specification.Rows > 0)
        {
            _starts.Add(job, (_running.AddLast(job), estimator.DecodeSteps));
        }
        else
        {
            _runningLayouts++;
        }
    }

    private void Leave(InferenceJob job)
    {
        if (_starts.Remove(job, out var start))
        {
            _running.Remove(start.Place);
        }
        else
        {
            _runningLayouts--;
        }
    }
}
