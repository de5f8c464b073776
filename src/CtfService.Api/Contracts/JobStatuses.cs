using CtfService.Jobs.Work;

namespace CtfService.Api.Contracts;

/// <summary>Names of the states of jobs, as in OpenAI's API.</summary>
internal static class JobStatuses
{
    public static string Name(JobState state) => state switch
    {
        JobState.Validating => "validating",
        JobState.InProgress => "in_progress",
        JobState.Finalizing => "finalizing",
        JobState.Completed => "completed",
        JobState.Failed => "failed",
        JobState.Expired => "expired",
        JobState.Cancelling => "cancelling",
        JobState.Cancelled => "cancelled",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "Unknown state of a job."),
    };
}
