namespace CtfService.Training.Progress;

/// <summary>Turns finished steps into reports: counts, times, and asks for the losses only when a report is due.</summary>
public sealed class TrainingMeter
{
    private readonly ITrainingProgress _progress;
    private readonly TrainingPace _pace;
    private readonly TimeProvider _time;
    private readonly long _started;
    private (long Step, TimeSpan Elapsed) _last;

    /// <param name="time">The system's clock where null.</param>
    public TrainingMeter(ITrainingProgress progress, TrainingPace pace, TimeProvider? time = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pace.ReportEvery);
        _progress = progress;
        _pace = pace;
        _time = time ?? TimeProvider.System;
        _started = _time.GetTimestamp();
        _last = (pace.FirstStep, TimeSpan.Zero);
    }

    /// <param name="finishedSteps">Steps finished, counted from the very first run.</param>
    /// <param name="losses">Called only when a report is due: reading a loss waits for the device.</param>
    public void StepFinished(long finishedSteps, Func<IReadOnlyDictionary<string, double>> losses)
    {
        if (finishedSteps % _pace.ReportEvery != 0 && finishedSteps != _pace.TotalSteps)
        {
            return;
        }

        var values = losses(); // before the clock is read
        var elapsed = _time.GetElapsedTime(_started);
        var seconds = (elapsed - _last.Elapsed).TotalSeconds;
        var speed = seconds > 0 ? (finishedSteps - _last.Step) * _pace.BatchSize / seconds : 0;
        var timeLeft = elapsed * ((_pace.TotalSteps - finishedSteps) / (double)Math.Max(finishedSteps - _pace.FirstStep, 1));
        _last = (finishedSteps, elapsed);
        _progress.Report(new TrainingReport(finishedSteps, _pace.TotalSteps, values, speed, elapsed, timeLeft));
    }
}

/// <param name="FirstStep">Steps finished before this run; 0 unless resumed.</param>
/// <param name="BatchSize">Images per step.</param>
/// <param name="ReportEvery">Steps from one report to the next; the last step is always reported.</param>
public sealed record TrainingPace(long FirstStep, long TotalSteps, int BatchSize, int ReportEvery = 10);
