using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Status;

namespace CtfService.Inference.Queue;

/// <summary>
/// One device as <see cref="AdmissionScheduler"/> sees it: the images that run there, and the turns of its later stages. Guarded by the lock of the scheduler,
/// except that its worker calls <see cref="StepEnded"/> and reads <see cref="Name"/> without it.
/// </summary>
internal sealed class DeviceShare(DeviceState state, StageCostEstimator estimator)
{
    private readonly LayoutFairShare _interactiveTurns = new(estimator);
    private readonly LayoutFairShare _bulkTurns = new(estimator);
    private RunningImages _interactive;
    private RunningImages _bulk;

    public string Name => state.Name;

    /// <summary>Number of running images, as of the last look at the line.</summary>
    public int Count => _interactive.Count + _bulk.Count;

    public RunningImages Running(ImagePriority priority) => priority == ImagePriority.Bulk ? _bulk : _interactive;

    public LayoutFairShare TurnsOf(ImagePriority priority) => priority == ImagePriority.Bulk ? _bulkTurns : _interactiveTurns;

    /// <summary>Replaces the counts with those of the worker.</summary>
    public void Update(RunningImages interactive, RunningImages bulk) => (_interactive, _bulk) = (interactive, bulk);

    /// <summary>Returns true if an image could start here at once.</summary>
    /// <param name="rows">Rows of the image; 0 if it has no decode steps.</param>
    public bool HasRoom(ImagePriority priority, int rows) =>
        rows <= Running(priority).FreeRows && (priority == ImagePriority.Interactive || _interactive.Count == 0);

    /// <summary>Counts an image that starts; the worker counts it too when it looks at the line again.</summary>
    public void Started(InferenceJob job)
    {
        var isBulk = job.Priority == ImagePriority.Bulk;
        (_interactive, _bulk) = isBulk ? (_interactive, With(_bulk)) : (With(_interactive), _bulk);

        RunningImages With(RunningImages running) => job.Specification.Rows > 0
            ? running with { FreeRows = running.FreeRows - job.Specification.Rows, Drawn = running.Drawn + 1 }
            : running with { Layouts = running.Layouts + 1 };
    }

    /// <summary>Accounts for the device time of a step.</summary>
    /// <param name="priority">The highest priority in the step.</param>
    public void StepEnded(StepReport step, ImagePriority priority) => TurnsOf(priority).StepEnded(step);
}
