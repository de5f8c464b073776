using CtfService.Core.Generation;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;

namespace CtfService.Inference.Queue;

/// <summary>
/// Counts the waiting and running images of one instance and forecasts when waiting images will have started. Each job reports its own transitions, so an
/// image is counted until it ends, however it ends. Thread-safe.
/// </summary>
/// <param name="estimator">Provides the stage costs, and the time and number of labels so far.</param>
/// <param name="rows">Number of rows of a decode step on one device.</param>
/// <param name="devices">Returns the number of devices.</param>
/// <param name="flows">Counts the same images by flow.</param>
internal sealed class QueueLoad(StageCostEstimator estimator, int rows, Func<int> devices, FlowLoads flows)
{
    private const int RowsWithGuidance = 2;

    private readonly Lock _gate = new();
    private readonly LinkedList<InferenceJob> _running = new(); // images with decode steps; the oldest is first and ends first
    private readonly Dictionary<InferenceJob, (LinkedListNode<InferenceJob> Node, double Start)> _starts = [];
    private int _waiting;
    private int _waitingDrawn;
    private int _waitingRounds; // of the drawn ones
    private int _waitingRows;
    private int _waitingPictures;
    private int _runningLayouts;

    /// <summary>Number of admitted images that have neither started nor ended.</summary>
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

    /// <summary>Returns the current counts, and the expected time until one further image would start.</summary>
    /// <param name="capacity">Images that may wait at most.</param>
    /// <param name="labels">Number of labels of an image: T; null if there is no model.</param>
    public QueueReport Report(int capacity, int? labels)
    {
        lock (_gate)
        {
            var wait = labels is { } known ? CreateForecast(known, further: 1).UntilStartedAtLeast(_waiting + 1) : TimeSpan.Zero;
            return new QueueReport(_waiting, _running.Count + _runningLayouts, capacity, wait);
        }
    }

    /// <summary>Counts an image that was admitted and now waits.</summary>
    public void Entered(InferenceJob job)
    {
        flows.Moved(job, from: null, ImageState.Waiting);
        lock (_gate)
        {
            Count(job, 1);
        }
    }

    /// <summary>Counts the transition of an image from one state to another.</summary>
    public void Moved(InferenceJob job, ImageState from, ImageState to)
    {
        flows.Moved(job, from, to);
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

    /// <summary>
    /// Returns the expected time until the given number of waiting images have started. Several devices count as one with the rows of all, which takes as long
    /// for a label and a fraction of the time for a later stage.
    /// </summary>
    /// <param name="images">At least 1. If more than wait, further images of the same kinds are assumed to follow.</param>
    /// <param name="labels">Number of labels of an image: T.</param>
    public TimeSpan Forecast(int images, int labels)
    {
        lock (_gate)
        {
            return CreateForecast(labels, further: 0).UntilStarted(images);
        }
    }

    /// <summary>
    /// Returns the expected time that the devices need for all images before a submission: those that wait, and what is left of those that run. Zero if the
    /// submission does not wait for them, because of its priority or because its flow keeps to its share.
    /// </summary>
    /// <param name="labels">Number of labels of an image: T.</param>
    public TimeSpan Backlog(ImageSubmission submission, int labels)
    {
        var parallel = Math.Max(1, devices());
        if (submission.Priority == ImagePriority.High || flows.StaysModest(submission.Flow, submission.Images.Sum(image => image.Rows), rows * parallel))
        {
            return TimeSpan.Zero;
        }

        lock (_gate)
        {
            var (costs, rowOfLabel) = (estimator.Costs, estimator.UsualLabel(rows, rows) / rows);
            var rounds = (double)_waitingRounds / Math.Max(1, _waitingDrawn);
            var rowsOfLabels = (labels * rounds * _waitingRows)
                + _running.Sum(job => Math.Max(0, LabelsLeft(job, labels * job.Specification.Rounds, parallel)) * (double)job.Specification.Rows);
            var all = _waiting + _running.Count + _runningLayouts;
            return ((rowsOfLabels * rowOfLabel) + (all * (costs.Fine + costs.VqDecode)) + (_waitingPictures * costs.VqEncode)) / parallel;
        }
    }

    /// <summary>
    /// Returns the least time until a submission has ended: its images behind those of its flow, and between those of others as their weights allow. Never
    /// longer than it takes, if no caller hangs up, and no labels are drawn faster than those so far. Edits may draw few labels, so theirs are not counted.
    /// </summary>
    /// <param name="labels">Number of labels of an image: T.</param>
    /// <returns>The time now, and the time on an idle service. Zero until as many labels as an image has were measured.</returns>
    public (TimeSpan Now, TimeSpan Idle) UntilEnded(ImageSubmission submission, int labels)
    {
        if (estimator.Labels < labels)
        {
            return default;
        }

        var (parallel, fastest) = (Math.Max(1, devices()), estimator.Fastest);
        var (images, drawn) = (submission.Images.Count, submission.Images.Count(image => image.DrawsWholeLayout));
        var own = submission.Images.Aggregate(TimeSpan.Zero, (time, image) => time + fastest.LaterStages(image)) / parallel;
        var ownRows = submission.Images.Where(image => image.DrawsWholeLayout).Sum(image => image.Rows);
        var idle = own + Decoding(ownRows, labels, parallel);
        if (drawn == 0 || submission.Priority == ImagePriority.High || flows.StaysModest(submission.Flow, ownRows, rows * parallel))
        {
            return (idle, idle);
        }

        var ahead = Ahead(submission.Flow, drawn);
        var (started, rowsBeside) = UntilStarted(submission, ahead, drawn, labels, parallel);
        var now = started + (labels * Fastest((int)(rowsBeside / parallel))) + (own / images);
        return (now > idle ? now : idle, idle);
    }

    /// <summary>Returns the time in which images get all labels that have the devices for themselves.</summary>
    private TimeSpan Decoding(int imageRows, int labels, int parallel)
    {
        var (full, rest) = Math.DivRem(imageRows, rows * parallel);
        return (full * labels * Fastest(rows)) + (rest == 0 ? TimeSpan.Zero : labels * Fastest((rest + parallel - 1) / parallel));
    }

    /// <summary>Returns the shortest time of a label while images occupy so many rows.</summary>
    private TimeSpan Fastest(int occupied) => estimator.FastestLabel(Math.Clamp(occupied, 1, rows), rows);

    /// <summary>Returns the number of waiting images that start before the last of a submission, at least.</summary>
    private int Ahead(ImageFlow flow, int drawn)
    {
        var own = flows.Of(flow).WaitingDrawn;
        var turns = Math.Max(0, own + drawn - FairLine.Credit - 1); // of the flow, in which the others have theirs
        return own + flows.Read().Where(other => other.Name != flow.Name)
            .Sum(other => Math.Min(other.WaitingDrawn, (int)((double)turns * other.Weight / flow.Weight)));
    }

    private (TimeSpan Time, double Rows) UntilStarted(ImageSubmission submission, int ahead, int drawn, int labels, int parallel)
    {
        lock (_gate)
        {
            var fastest = estimator.Fastest;
            var ownRows = submission.Images.Where(image => image.DrawsWholeLayout).Sum(image => image.Rows);
            var left = _running.Where(job => job.Priority <= submission.Priority && job.Specification.DrawsWholeLayout)
                .Select(job => (Labels: LabelsLeft(job, labels, parallel), job.Specification.Rows))
                .Where(job => job.Labels > 0).ToList();
            var forecast = new QueueWaitForecast(estimator.UsualLabel(rows, rows), labels, (fastest.Fine + fastest.VqDecode) / parallel)
            {
                Drawn = ahead + drawn,
                RowsOfDrawn = (ownRows + ((double)ahead * _waitingRows / Math.Max(1, _waitingDrawn))) / (ahead + drawn),
                Layouts = 0,
                CostOfLayout = TimeSpan.Zero,
                StartedLayouts = 0,
                WithoutRows = 0,
                Devices = parallel,
            };
            forecast.Release(0, Math.Max(0, (rows * parallel) - left.Sum(job => job.Rows)));
            left.ForEach(job => forecast.Release(job.Labels, job.Rows));
            return (forecast.UntilStartedAtLeast(ahead + drawn), forecast.RowsBesideTheLast());
        }
    }

    /// <summary>Creates the forecast of the images that wait and run. Call under the lock.</summary>
    /// <param name="further">Number of drawn images with guidance that are assumed to wait as well.</param>
    private QueueWaitForecast CreateForecast(int labels, int further)
    {
        var costs = estimator.Costs;
        var parallel = Math.Max(1, devices());
        var (drawn, layouts) = (_waitingDrawn + further, _waiting - _waitingDrawn);
        var later = (costs.Fine + costs.VqDecode) / parallel;
        var left = _running.Select(job => (Labels: LabelsLeft(job, labels * job.Specification.Rounds, parallel), job.Specification.Rows))
            .Where(job => job.Labels > 0).ToList();
        var rounds = drawn == 0 ? 1 : (double)(_waitingRounds + further) / drawn;
        var forecast = new QueueWaitForecast(estimator.UsualLabel(rows, rows), (int)Math.Round(labels * rounds), later)
        {
            Drawn = drawn,
            RowsOfDrawn = drawn == 0 ? 1 : (double)(_waitingRows + (further * RowsWithGuidance)) / drawn,
            Layouts = layouts,
            CostOfLayout = later + (layouts == 0 ? TimeSpan.Zero : costs.VqEncode / parallel * ((double)_waitingPictures / layouts)),
            StartedLayouts = _runningLayouts,
            WithoutRows = _running.Count - left.Count,
            Devices = parallel,
        };
        forecast.Release(0, Math.Max(0, (rows * parallel) - left.Sum(job => job.Rows)));
        left.ForEach(job => forecast.Release(job.Labels, job.Rows));
        return forecast;
    }

    /// <summary>Returns the number of labels that a running image still needs.</summary>
    private long LabelsLeft(InferenceJob job, int labels, int parallel) => (long)Math.Ceiling(labels - ((estimator.Labels - _starts[job].Start) / parallel));

    private void Count(InferenceJob job, int change)
    {
        var image = job.Specification;
        _waiting += change;
        _waitingDrawn += image.Rows > 0 ? change : 0;
        _waitingRounds += image.Rows > 0 ? change * image.Rounds : 0;
        _waitingRows += change * image.Rows;
        _waitingPictures += image.Layout is LayoutSource.Encoded ? change : 0;
    }

    private void Start(InferenceJob job)
    {
        if (job.Specification.Rows > 0)
        {
            _starts.Add(job, (_running.AddLast(job), estimator.Labels));
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
            _running.Remove(start.Node);
        }
        else
        {
            _runningLayouts--;
        }
    }
}
