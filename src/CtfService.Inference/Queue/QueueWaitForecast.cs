namespace CtfService.Inference.Queue;

/// <summary>
/// Forecasts when waiting images will have started, from the work ahead of them. The two kinds start independently: drawn images as rows become free, which
/// happens after the last label of each running image; the others one at a time. While both kinds wait, each gets half of the device time
/// (<see cref="LayoutFairShare"/>). Use an instance once.
/// </summary>
/// <param name="label">Time in which each running image gets one label, while images occupy all rows.</param>
/// <param name="labels">Number of labels of an image.</param>
/// <param name="laterStages">Time that a drawn image takes after its last label: device time, divided by the number of devices.</param>
internal sealed class QueueWaitForecast(TimeSpan label, int labels, TimeSpan laterStages)
{
    /// <summary>
    /// Safety factor for images of the other kind that arrive later and take their share of the device, and for the spread of measurements.
    /// </summary>
    private const double Margin = 1.25;

    /// <summary>
    /// Maximum number of images that are simulated one by one. Later images are assumed to start at the same rate, which bounds the work of a forecast.
    /// </summary>
    private const int MaxSimulated = 1_000;

    /// <summary>Images in a batch of the later stages.</summary>
    private const int Batch = 8;

    private readonly PriorityQueue<(long Label, double Rows), long> _releases = new(); // by label
    private double _freeRows;
    private long _label; // at the last release
    private int _runningDrawn;

    /// <summary>Number of drawn images that wait.</summary>
    public required int Drawn { get; init; }

    /// <summary>Mean number of rows of these images.</summary>
    public required double RowsOfDrawn { get; init; }

    /// <summary>Number of images without decode steps that wait.</summary>
    public required int Layouts { get; init; }

    /// <summary>Mean device time of these images.</summary>
    public required TimeSpan CostOfLayout { get; init; }

    /// <summary>Number of images without decode steps that run.</summary>
    public required int StartedLayouts { get; init; }

    /// <summary>Number of drawn images that have all their labels, and therefore no rows, but still need the later stages.</summary>
    public required int WithoutRows { get; init; }

    /// <summary>Number of devices that finish images at the same time; a label takes as long on each as it would alone.</summary>
    public int Devices { get; init; } = 1;

    /// <summary>Adds rows that become free.</summary>
    /// <param name="label">Number of labels that each running image gets until then.</param>
    public void Release(long label, double rows)
    {
        _releases.Enqueue((label, rows), label);
        _runningDrawn += label > 0 ? 1 : 0;
    }

    /// <summary>Returns the time until the given number of images have started.</summary>
    /// <param name="images">Number of images. If more than wait, further images are assumed to follow at the same rate.</param>
    public TimeSpan UntilStarted(int images)
    {
        var simulated = Math.Min(images, Math.Min(Drawn + Layouts, MaxSimulated));
        var duration = Simulate(simulated) * ((double)images / Math.Max(1, simulated));
        return (duration * Margin) + LongestStep;
    }

    /// <summary>Returns the time until the given number of images have started, without any margin.</summary>
    /// <param name="images">Number of images, which all wait.</param>
    public TimeSpan UntilStartedAtLeast(int images)
    {
        var simulated = Math.Min(images, MaxSimulated);
        return Simulate(simulated) * ((double)images / Math.Max(1, simulated));
    }

    /// <summary>
    /// Returns the mean number of rows in the steps of the image that started last, of all images that have started by then: later ones only add to them.
    /// </summary>
    public double RowsBesideTheLast() => _releases.UnorderedItems.Sum(item => item.Element.Rows * Math.Clamp(item.Element.Label - _label, 0, labels)) / labels;

    /// <summary>Images start between two steps only, and the step that frees their rows may also contain a whole batch of the later stages.</summary>
    private TimeSpan LongestStep => laterStages * Math.Min(Batch * Devices, _runningDrawn);

    private TimeSpan Simulate(int images)
    {
        var elapsed = TimeSpan.Zero;
        var isShared = Drawn + _runningDrawn + WithoutRows > 0; // with layouts, while any wait
        var (drawn, layouts) = (Drawn, Layouts);
        var drawnNeed = drawn > 0 ? NextDrawn() + (WithoutRows * laterStages) : TimeSpan.MaxValue; // device time until the next one starts
        var layoutNeed = CostOfLayout * (1 + StartedLayouts);
        for (; images > 0; images--)
        {
            var speed = isShared && layouts > 0 ? 2 : 1;
            if (layouts == 0 || drawnNeed <= layoutNeed)
            {
                elapsed += speed * drawnNeed;
                layoutNeed -= layouts > 0 ? drawnNeed : TimeSpan.Zero;
                drawnNeed = --drawn > 0 ? NextDrawn() : TimeSpan.MaxValue;
            }
            else
            {
                elapsed += speed * layoutNeed;
                drawnNeed -= drawn > 0 ? layoutNeed : TimeSpan.Zero;
                layoutNeed = CostOfLayout;
                layouts--;
            }
        }

        return elapsed;
    }

    /// <summary>Starts the next drawn image.</summary>
    /// <returns>The device time that drawn images take until then.</returns>
    private TimeSpan NextDrawn()
    {
        var (before, ended) = (_label, 0);
        while (_freeRows < RowsOfDrawn && _releases.TryDequeue(out var release, out _))
        {
            _label = release.Label;
            _freeRows += release.Rows;
            ended += release.Label > 0 ? 1 : 0;
        }

        _freeRows -= RowsOfDrawn;
        _releases.Enqueue((_label + labels, RowsOfDrawn), _label + labels);
        return ((_label - before) * label) + (ended * laterStages);
    }
}
