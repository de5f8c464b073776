using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.Inference.Queue;

/// <summary>
/// Decides when an image without decode steps (redetail, variations) may start. It takes no row, so nothing else holds it back, and a step would grow with
/// every such image that waits. While images are drawn, both kinds share the device time equally: the cost of such an image is given to drawn images before
/// the next one starts (start-time fair queueing; Goyal, Vin and Cheng 1996, with the two kinds as flows). While none is drawn, as many start together as
/// fit in a short step. Plain state for the worker thread of its device.
/// </summary>
internal sealed class LayoutFairShare(StageCostEstimator estimator)
{
    /// <summary>Maximum number of images in one step: a larger batch gains nothing.</summary>
    private const int MaxPerStep = 8;

    /// <summary>Maximum duration of a step with such images, because images that arrive during the step wait for it to end.</summary>
    private static readonly TimeSpan LongestStep = TimeSpan.FromMilliseconds(250);

    private TimeSpan _ahead; // device time used beyond that of drawn images; at least -LongestStep, so that neither kind accumulates more than one step
    private TimeSpan _starting; // the part of it that the next step will use

    /// <summary>Returns true if this image may start.</summary>
    public bool MayStart(ImageSpecification image, RunningImages running)
    {
        if (running.Drawn > 0)
        {
            return _ahead <= TimeSpan.Zero && running.Layouts < MaxPerStep;
        }

        _ahead = TimeSpan.Zero; // no drawn image competes for the device
        return running.Layouts == 0 || (running.Layouts < MaxPerStep && (running.Layouts + 1) * estimator.Costs.LaterStages(image) <= LongestStep);
    }

    /// <summary>Accounts for an image that starts.</summary>
    public void Started(ImageSpecification image)
    {
        var cost = estimator.Costs.LaterStages(image);
        _ahead += cost;
        _starting += cost;
    }

    /// <summary>Accounts for a step: its remaining device time was used by drawn images.</summary>
    public void StepEnded(StepReport step)
    {
        var forDrawn = step.DecodeTime + step.VqEncode.Elapsed + step.Fine.Elapsed + step.VqDecode.Elapsed - _starting;
        _starting = TimeSpan.Zero;
        if (forDrawn > TimeSpan.Zero)
        {
            _ahead = _ahead - forDrawn < -LongestStep ? -LongestStep : _ahead - forDrawn;
        }
    }
}
