using CtfService.Inference.Queue;
using CtfService.Inference.Status;

namespace CtfService.Inference.Worker;

/// <summary>
/// Takes a model out of service whose steps fail one after another, as on a broken device. Progress is a finished image: steps that end without one change
/// nothing. After a pause one request may try again, and a finished image of it ends the matter (docs/adr/0015). Worker thread only.
/// </summary>
internal sealed class StepCircuitBreaker(ModelState state, InferenceOptions options)
{
    private int _failed; // steps since the last finished image

    /// <summary>A step failed. Returns true if the model is out of service.</summary>
    public bool Failed()
    {
        if (++_failed < options.MaxFailedSteps)
        {
            return false;
        }

        state.BecomeFailing(
            $"The last {_failed} steps failed without a finished image "
            + $"({InferenceOptions.SectionName}:{nameof(InferenceOptions.MaxFailedSteps)} is {options.MaxFailedSteps}); "
            + "the log of the service has the details.",
            options.FailedStepsPause);
        return true;
    }

    /// <summary>What requests hear that were admitted before.</summary>
    public Exception Refused() => state.Refused();

    /// <summary>An image was finished. Returns true if that puts the model into service again.</summary>
    public bool Finished()
    {
        if (_failed == 0)
        {
            return false;
        }

        _failed = 0;
        return state.Recover();
    }
}
