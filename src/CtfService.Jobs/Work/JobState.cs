namespace CtfService.Jobs.Work;

/// <summary>States of a job, named as in OpenAI's Batch API.</summary>
public enum JobState
{
    /// <summary>The job is checked and cut into shards.</summary>
    Validating,

    /// <summary>Its shards run.</summary>
    InProgress,

    /// <summary>All shards have ended; the output files are put together.</summary>
    Finalizing,

    /// <summary>Ended: every item was processed, successfully or not.</summary>
    Completed,

    /// <summary>Ended: the job was refused as a whole, or its output could not be put together.</summary>
    Failed,

    /// <summary>Ended: time ran out; the output has the items that were finished by then.</summary>
    Expired,

    /// <summary>The owner cancelled the job; running shards stop, then the output of the finished ones is put together.</summary>
    Cancelling,

    /// <summary>Ended: cancelled; the output has the items that were finished by then.</summary>
    Cancelled,
}

public static class JobStates
{
    /// <summary>Returns true if the state is final.</summary>
    public static bool IsEnded(this JobState state) =>
        state is JobState.Completed or JobState.Failed or JobState.Expired or JobState.Cancelled;
}
