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
    private readonly LayoutFairShare[] _turns = [.. Enum.GetValues<ImagePriority>().Select(_ => new LayoutFairShare(estimator))];

    public string Name => state.Name;

    /// <summary>Number of rows of a decode step; 0 until the model is loaded.</summary>
    public int Rows { get; private set; }

    /// <summary>The running images, as of the last look at the line.</summary>
    public RunningLevels Running { get; } = new();

    public LayoutFairShare TurnsOf(ImagePriority level) => _turns[(int)level];

    /// <summary>Notes that the model is loaded, with no image.</summary>
    public void Loaded(int rows)
    {
        Rows = rows;
        Running.Clear();
        foreach (var level in Enum.GetValues<ImagePriority>())
        {
            Running[level] = new RunningImages(rows, Drawn: 0, Layouts: 0);
        }
    }

    /// <summary>Returns true if an image could start here at once.</summary>
    public bool HasRoom(InferenceJob job) =>
        job.Specification.Rows <= Running[job.Level].FreeRows && (job.Level <= ImagePriority.Interactive || !Running.HasAbove(job.Level));

    /// <summary>Counts an image that starts; the worker counts it too when it looks at the line again.</summary>
    public void Started(InferenceJob job)
    {
        ref var running = ref Running[job.Level];
        running = running.With(job.Specification.Rows);
    }

    /// <summary>Accounts for the device time of a step.</summary>
    /// <param name="priority">The highest priority in the step.</param>
    public void StepEnded(StepReport step, ImagePriority priority) => TurnsOf(priority).StepEnded(step);
}
