using CtfService.Inference.Queue;
using CtfService.Inference.Routing;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CtfService.Inference;

/// <summary>
/// Ends the process when its workers are stuck (<see cref="Progress.IsStuck"/>): fails all images by name, lets the responses leave, and exits, so that the
/// supervisor of the process starts it again (docs/adr/0033). A device that hangs while others work loses its images only.
/// </summary>
/// <param name="exit">Ends the process.</param>
internal sealed partial class StuckExit(
    StallWatch watch, ModelRouter router, InferenceOptions options, TimeProvider clock, ILogger<StuckExit> logger, ProcessExit exit)
    : IHostedService, IDisposable
{
    /// <summary>EX_SOFTWARE of sysexits.h.</summary>
    public const int ExitCode = 70;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>A check that is this late means that the whole process was stopped, as by a debugger or a suspended machine.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(10);

    /// <summary>Time that responses get to leave.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private ITimer? _timer;
    private long _lastCheck; // timestamps, under _gate
    private long _runsSince;
    private bool _isLeaving;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.ExitWhenStuck)
        {
            _lastCheck = _runsSince = clock.GetTimestamp();
            _timer = clock.CreateTimer(_ => Check(), state: null, Interval, Interval);
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _timer?.Dispose();

    private void Check()
    {
        lock (_gate)
        {
            _runsSince = clock.GetElapsedTime(_lastCheck) > Late ? clock.GetTimestamp() : _runsSince;
            _lastCheck = clock.GetTimestamp();
            var progress = watch.Check();
            if (_isLeaving || clock.GetElapsedTime(_runsSince) <= progress.Limit)
            {
                return;
            }

            if (router.EndHanging(progress.StuckAfter, serviceWorks: !progress.IsStuck) > 0)
            {
                _runsSince = clock.GetTimestamp(); // the others get time for images that waited for these devices
            }
            else if (progress.IsStuck)
            {
                _isLeaving = true;
                Leave(progress);
            }
        }
    }

    private void Leave(Progress progress)
    {
        var failed = router.FailFromOutside(
            $"No step has completed for {progress.StalledFor.TotalSeconds:0} s; the process ends.", () => CallerErrors.DeviceHangs(progress.StalledFor));
        Log.Stuck(logger, progress.StalledFor, failed, ExitCode);
        _timer?.Dispose();
        _timer = clock.CreateTimer(_ => exit(ExitCode), state: null, Grace, Timeout.InfiniteTimeSpan);
    }
}

/// <summary>Ends the process at once, after the log has been written.</summary>
public delegate void ProcessExit(int exitCode);
