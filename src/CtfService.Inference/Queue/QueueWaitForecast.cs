namespace CtfService.Inference.Queue;

/// <summary>
/// When images that wait will have started, from the work ahead of them. The two kinds start independently: drawn images as rows come free, which each running
/// image frees after its last decode step and the next one after as many more; the others one after another. While both kinds wait, the device works half of
/// the time for each, as <see cref="LayoutFairShare"/> sees to it. Used once.
/// </summary>
/// <param name="decodeStep">Time of one decode step.</param>
/// <param name="steps">Decode steps of an image.</param>
/// <param name="laterStages">Device time of a drawn image behind its decode steps.</param>
internal sealed class QueueWaitForecast(TimeSpan decodeStep, int steps, TimeSpan laterStages)
{
    /// <summary>For images of the other kind that come meanwhile and have their share of the device, and for the spread of measurements.</summary>
    private const double Margin = 1.25;

    /// <summary>
    /// Images that are followed one by one; those behind them are taken to start at the same rate, so that the work of a forecast has a limit.
    /// </summary>
    private const int MostFollowed = 1_000;

    /// <summary>Images of a batch of the later stages.</summary>
    private const int Batch = 8;

    private readonly Queue<(long Step, double Rows)> _releases = new();
    private double _freeRows;
    private long _step; // of the latest release
    private int _runningDrawn;

    /// <summary>Drawn images that wait.</summary>
    public required int Drawn { get; init; }

    /// <summary>Rows of each of them, in the mean.</summary>
    public required double RowsOfDrawn { get; init; }

    /// <summary>Images without decode steps that wait.</summary>
    public required int Layouts { get; init; }

    /// <summary>Device time of each of them, in the mean.</summary>
    public required TimeSpan CostOfLayout { get; init; }

    /// <summary>Such images that have started and not ended.</summary>
    public required int StartedLayouts { get; init; }

    /// <summary>Drawn images that have all their labels, and so no rows, and still need their later stages.</summary>
    public required int WithoutRows { get; init; }

    /// <summary>Some rows come free.</summary>
    /// <param name="step">After so many more decode steps; not less than in the call before.</param>
    public void Release(long step, double rows)
    {
        _releases.Enqueue((step, rows));
        _runningDrawn += step > 0 ? 1 : 0;
    }

    /// <param name="images">If more than wait are asked for, others are taken to follow them at the same rate.</param>
    public TimeSpan UntilStarted(int images)
    {
        var followed = Math.Min(images, Math.Min(Drawn + Layouts, MostFollowed));
        var walk = Walk(followed) * ((double)images / Math.Max(1, followed));
        return (walk * Margin) + LongestStep;
    }

    /// <summary>Images start between two steps only, and the step that frees their rows may have a whole batch behind it.</summary>
    private TimeSpan LongestStep => laterStages * Math.Min(Batch, _runningDrawn);

    private TimeSpan Walk(int images)
    {
        var elapsed = TimeSpan.Zero;
        var isShared = Drawn + _runningDrawn + WithoutRows > 0; // with layouts, while there are any
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

    /// <summary>The next drawn image starts. Returns the device time that drawn images take until then.</summary>
    private TimeSpan NextDrawn()
    {
        var (before, ended) = (_step, 0);
        while (_freeRows < RowsOfDrawn && _releases.TryDequeue(out var release))
        {
            _step = release.Step;
            _freeRows += release.Rows;
            ended += release.Step > 0 ? 1 : 0;
        }

        _freeRows -= RowsOfDrawn;
        _releases.Enqueue((_step + steps, RowsOfDrawn));
        return ((_step - before) * decodeStep) + (ended * laterStages);
    }
}
