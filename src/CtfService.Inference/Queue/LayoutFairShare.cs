using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.Inference.Queue;

/// <summary>
/// Says when an image without decode steps (redetail, variations) may start. It takes no row, so nothing else would hold it back, and a step would grow with
/// every one that waits. While images are drawn, both kinds share the device's time equally: what such an image costs is given to drawn images before the next
/// one starts (start-time fair queueing; Goyal, Vin and Cheng 1996, with the two kinds as flows). While none is drawn, as many come together as a short step
/// holds. Plain state for one thread.
/// </summary>
internal sealed class LayoutFairShare(StageCostEstimator estimator)
{
    /// <summary>Images of one step at most: more in a batch gain nothing.</summary>
    private const int MostAtOnce = 8;

    /// <summary>A step should not take longer because of them: images that come meanwhile wait for it to end.</summary>
    private static readonly TimeSpan LongestStep = TimeSpan.FromMilliseconds(250);

    private TimeSpan _ahead; // device time that they had beyond drawn images; at least -LongestStep, so that neither kind saves up more than a step
    private TimeSpan _starting; // what those of the next step will take of it

    /// <summary>Whether this image may start.</summary>
    public bool MayStart(ImageSpecification image, RunningImages running)
    {
        if (running.Drawn > 0)
        {
            return _ahead <= TimeSpan.Zero && running.Layouts < MostAtOnce;
        }

        _ahead = TimeSpan.Zero; // nothing else wanted the device
        return running.Layouts == 0 || (running.Layouts < MostAtOnce && (running.Layouts + 1) * estimator.Costs.LaterStages(image) <= LongestStep);
    }

    public void Started(ImageSpecification image)
    {
        var cost = estimator.Costs.LaterStages(image);
        _ahead += cost;
        _starting += cost;
    }

    /// <summary>What else a step did, it did for drawn images.</summary>
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

/// <summary>What the generator holds and takes.</summary>
/// <param name="FreeRows">Rows of a decode step that images may take.</param>
/// <param name="Drawn">Images whose layout is drawn.</param>
/// <param name="Layouts">Images whose layout is given or VQ encoded.</param>
internal readonly record struct RunningImages(int FreeRows, int Drawn, int Layouts);
