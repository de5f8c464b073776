using CtfService.Inference.Queue;
using CtfService.Inference.Status;

namespace CtfService.Inference.Worker;

/// <summary>
/// Takes a model out of service if consecutive steps fail, as on a broken device. Only a finished image counts as progress; steps that end without one
/// change nothing. After a pause one request may try again, and a finished image closes the circuit (docs/adr/0015). Call from the worker thread only.
/// </summary>
internal sealed class StepCircuitBreaker(ModelState state, InferenceOptions options)
{
    private int _failed; // failed steps since the last finished image

    /// <summary>Counts a failed step.</summary>
    /// <returns>True if the model is out of service.</returns>
    public bool Failed()
    {
        if (++_failed < options.MaxFailedSteps)
        {
            return false;
        }

        state.BecomeFailing(
            $"The last {_failed} steps failed without a finished image "
            + $"({InferenceOptions.SectionName}:{nameof(InferenceOptions.MaxFailedSteps)} is {options.MaxFailedSteps}); "
            + "the service log has the details.",
            options.FailedStepsPause);
        return true;
    }

    /// <summary>Returns the error for requests that were admitted before.</summary>
    public Exception Refused() => state.Refused();

    /// <summary>Resets the count because an image has finished.</summary>
    /// <returns>True if that puts the model back into service.</returns>
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
