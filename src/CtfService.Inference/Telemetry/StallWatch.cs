using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Telemetry;

/// <summary>Checks whether the workers make progress. Thread-safe.</summary>
public interface IStallWatch
{
    /// <summary>Returns the progress of the workers and logs when they stall or recover.</summary>
    Progress Check();
}

/// <summary>Progress of the workers at one moment.</summary>
/// <param name="StalledFor">Time since the last step completed, or since work arrived; zero if there is no work.</param>
/// <param name="Limit">Limit for <paramref name="StalledFor"/>.</param>
public readonly record struct Progress(TimeSpan StalledFor, TimeSpan Limit)
{
    /// <summary>
    /// Factor between the limits of the load balancer and the process supervisor. A restart discards running images, so it comes only after waiting has not
    /// helped.
    /// </summary>
    private const int RestartFactor = 4;

    /// <summary>True if the service should get no further requests for now.</summary>
    public bool IsStalled => StalledFor > Limit;

    /// <summary>True if only a restart can help.</summary>
    public bool IsStuck => StalledFor > StuckAfter;

    /// <summary>Longest time that a step is waited for.</summary>
    public TimeSpan StuckAfter => Limit * RestartFactor;
}

/// <summary>
/// Compares the time without a completed step with the time that the model needs. Logs once when it becomes too long and once when steps complete
/// again. The health probes trigger the check.
/// </summary>
internal sealed partial class StallWatch(InFlightImages inFlight, TimeSpan stallTimeout, ILogger<StallWatch> logger) : IStallWatch
{
    /// <summary>
    /// The longest step runs the fine pass and VQ decode of a whole batch. A warm-up image takes at least twice as long as these stages of one image, and
    /// common batches hold eight images or more, which share weights.
    /// </summary>
    private const int WarmUpFactor = 8;

    private readonly Lock _gate = new();
    private TimeSpan _slowest; // slower warm-up of the models that may be running, the latest and the previous one
    private TimeSpan _latest;
    private bool _wasStalled;

    /// <summary>Adds a model with the duration of its warm-up image.</summary>
    public void WarmedUp(TimeSpan elapsed)
    {
        lock (_gate)
        {
            _slowest = elapsed > _latest ? elapsed : _latest;
            _latest = elapsed;
        }
    }

    public Progress Check()
    {
        var snapshot = inFlight.Read();
        lock (_gate)
        {
            var slow = _slowest * WarmUpFactor;
            var progress = new Progress(snapshot.StalledFor, slow > stallTimeout ? slow : stallTimeout);
            if (progress.IsStalled != _wasStalled)
            {
                _wasStalled = progress.IsStalled;
                Report(progress, snapshot);
            }

            return progress;
        }
    }

    private void Report(Progress progress, InFlightSnapshot snapshot)
    {
        if (progress.IsStalled)
        {
            Log.Stalled(
                logger,
                progress.StalledFor,
                snapshot.Waiting + snapshot.BulkWaiting,
                snapshot.Running + snapshot.BulkRunning,
                progress.Limit);
        }
        else
        {
            Log.Recovered(logger);
        }
    }
}
