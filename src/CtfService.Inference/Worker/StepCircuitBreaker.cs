using CtfService.Inference.Queue;
using CtfService.Inference.Status;

namespace CtfService.Inference.Worker;

/// <summary>
/// Notices that consecutive steps of a device fail, as if it is broken, and takes the model of the last device out of service. Only a finished image counts as
/// progress; steps that end without one change nothing. After a pause one request may try again, and a finished image closes the circuit (docs/adr/0015). Call
/// from the worker thread only.
/// </summary>
internal sealed class StepCircuitBreaker(ModelState state, InferenceOptions options)
{
    private int _failed; // failed steps since the last finished image

    /// <summary>What happened, for operators.</summary>
    public string Reason =>
        $"The last {_failed} steps failed without a finished image "
        + $"({InferenceOptions.SectionName}:{nameof(InferenceOptions.MaxFailedSteps)} is {options.MaxFailedSteps}); "
        + "the service log has the details.";

    /// <summary>Counts a failed step.</summary>
    /// <returns>True if too many have failed.</returns>
    public bool Failed() => ++_failed >= options.MaxFailedSteps;

    /// <summary>Takes the model out of service.</summary>
    public void Open() => state.BecomeFailing(Reason, options.FailedStepsPause);

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
