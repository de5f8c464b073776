namespace CtfService.Training.Progress;

/// <summary>Turns finished steps into reports of speed and remaining time. Reads the losses only when a report is due.</summary>
public sealed class TrainingMeter
{
    /// <summary>Shortest time and fewest images that the speed is averaged over, so that images that finish in bursts do not make it jump.</summary>
    private static readonly TimeSpan SpeedWindow = TimeSpan.FromSeconds(10);

    private const int SpeedImages = 256;

    private readonly ITrainingProgress _progress;
    private readonly TrainingPace _pace;
    private readonly TimeProvider _time;
    private readonly long _started;
    private readonly Queue<Mark> _marks = new(); // the speed is measured from the first one
    private TimeSpan _paused;

    /// <param name="time">The clock; null for the system clock.</param>
    public TrainingMeter(ITrainingProgress progress, TrainingPace pace, TimeProvider? time = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pace.ReportEvery);
        _progress = progress;
        _pace = pace;
        _time = time ?? TimeProvider.System;
        _started = _time.GetTimestamp();
        _marks.Enqueue(new Mark(pace.FirstStep, TimeSpan.Zero));
    }

    /// <summary>Whether a report is due after a step.</summary>
    /// <param name="finishedSteps">Finished steps, counted from the first start of the run.</param>
    public bool ReportsAt(long finishedSteps) => finishedSteps % _pace.ReportEvery == 0 || finishedSteps == _pace.TotalSteps;

    /// <param name="finishedSteps">Finished steps, counted from the first start of the run.</param>
    /// <param name="losses">Returns the losses. Called only when a report is due, because reading a loss waits for the device.</param>
    /// <param name="details">Figures for <see cref="TrainingReport.Details"/>; null for none.</param>
    public void StepFinished(long finishedSteps, Func<IReadOnlyDictionary<string, double>> losses, IReadOnlyDictionary<string, double>? details = null)
    {
        if (!ReportsAt(finishedSteps))
        {
            return;
        }

        var values = losses(); // reading them waits for the device, so it comes before the clock
        var now = new Mark(finishedSteps, _time.GetElapsedTime(_started) - _paused);
        var speed = Speed(now);
        _progress.Report(new TrainingReport(finishedSteps, _pace.TotalSteps, values, speed, now.Elapsed, TimeLeft(now))
        {
            Details = new Dictionary<string, double>([.. details ?? new Dictionary<string, double>(), .. Rates(speed)]),
        });
    }

    /// <summary>Runs an evaluation between two steps. Its report has no speed, and its time does not count as training.</summary>
    /// <param name="finishedSteps">Finished steps, counted from the first start of the run.</param>
    public IReadOnlyDictionary<string, double> Evaluate(long finishedSteps, Func<IReadOnlyDictionary<string, double>> measure)
    {
        var started = _time.GetTimestamp();
        var now = new Mark(finishedSteps, _time.GetElapsedTime(_started, started) - _paused);
        var figures = measure();
        _paused += _time.GetElapsedTime(started);
        _progress.Report(new TrainingReport(finishedSteps, _pace.TotalSteps, figures, ImagesPerSecond: null, now.Elapsed, TimeLeft(now)));
        return figures;
    }

    /// <summary>Runs work between two steps whose time does not count as training, such as writing a sample sheet.</summary>
    public void Pause(Action work)
    {
        var started = _time.GetTimestamp();
        work();
        _paused += _time.GetElapsedTime(started);
    }

    private IEnumerable<KeyValuePair<string, double>> Rates(double? imagesPerSecond)
    {
        if (imagesPerSecond is not { } speed)
        {
            yield break;
        }

        if (_pace.Work.Tokens > 0)
        {
            yield return new(TrainingReport.TokensPerSecond, Math.Round(speed * _pace.Work.Tokens, 1));
        }

        if (_pace.Work.Flops > 0)
        {
            yield return new(TrainingReport.Teraflops, speed * _pace.Work.Flops / 1e12);
            if (_pace.PeakFlops is { } peak)
            {
                yield return new(TrainingReport.FlopUtilisation, speed * _pace.Work.Flops / peak);
            }
        }
    }

    private TimeSpan TimeLeft(Mark now) => now.Elapsed * ((_pace.TotalSteps - now.Step) / (double)Math.Max(now.Step - _pace.FirstStep, 1));

    private double? Speed(Mark now)
    {
        while (_marks.Skip(1).FirstOrDefault() is { } next
            && now.Elapsed - next.Elapsed >= SpeedWindow
            && (now.Step - next.Step) * _pace.BatchSize >= SpeedImages)
        {
            _marks.Dequeue();
        }

        var since = _marks.Peek();
        _marks.Enqueue(now);
        var seconds = (now.Elapsed - since.Elapsed).TotalSeconds;
        return seconds > 0 ? (now.Step - since.Step) * _pace.BatchSize / seconds : null;
    }

    /// <param name="Elapsed">Time since the run started, without evaluations.</param>
    private sealed record Mark(long Step, TimeSpan Elapsed);
}

/// <param name="FirstStep">Steps finished before this start; 0 unless resumed.</param>
/// <param name="BatchSize">Images per step.</param>
/// <param name="ReportEvery">Steps between reports; the last step is always reported.</param>
public sealed record TrainingPace(long FirstStep, long TotalSteps, int BatchSize, int ReportEvery = 10)
{
    public ImageWork Work { get; init; } = ImageWork.Unknown;

    /// <summary>Most floating-point operations that the device does in a second; null if unknown.</summary>
    public double? PeakFlops { get; init; }
}
