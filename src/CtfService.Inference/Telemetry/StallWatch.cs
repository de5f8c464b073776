using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Telemetry;

/// <summary>Whether the worker makes progress. Any thread.</summary>
public interface IStallWatch
{
    Progress Check();
}

/// <summary>Progress at one moment.</summary>
/// <param name="StalledFor">Since the last step ended, or work came; zero where there is none.</param>
/// <param name="Limit">How long that may take.</param>
public readonly record struct Progress(TimeSpan StalledFor, TimeSpan Limit)
{
    /// <summary>Patience of the process supervisor over that of the load balancer: a restart throws away what runs, so it comes when waiting has not helped.</summary>
    private const int RestartFactor = 4;

    /// <summary>No further requests should come for now.</summary>
    public bool IsStalled => StalledFor > Limit;

    /// <summary>Only a restart is left to try.</summary>
    public bool IsStuck => StalledFor > Limit * RestartFactor;
}

/// <summary>
/// Compares the time without a step that ends with what the model needs. Says so in the log once when it becomes too long, and once when a step has ended after all; whoever asks (the
/// probes) makes it look.
/// </summary>
internal sealed partial class StallWatch(InFlightImages inFlight, TimeSpan stallTimeout, ILogger<StallWatch> logger) : IStallWatch
{
    /// <summary>
    /// The longest step finishes all images that run: fine pass and VQ decode of up to a batch of them. A warm-up image is at least twice as much work as these stages of one image,
    /// and common batches hold eight images and more, which share weights.
    /// </summary>
    private const int WarmUpFactor = 8;

    private readonly Lock _gate = new();
    private TimeSpan _slowest; // warm-up of the models that may be running: the latest and the one before
    private TimeSpan _latest;
    private bool _wasStalled;

    /// <summary>A model is there whose warm-up image took so long.</summary>
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
            Log.Stalled(logger, progress.StalledFor, snapshot.Waiting, snapshot.Running, progress.Limit);
        }
        else
        {
            Log.Recovered(logger);
        }
    }
}
