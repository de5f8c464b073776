using CtfService.Jobs.Work;

namespace CtfService.Jobs.Store;

/// <summary>States as the tables name them. Queries write them out; a name that was released never changes.</summary>
internal static class StateNames
{
    public static string Of(JobState state) => state switch
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

    public static JobState ToJobState(string name) => Enum.GetValues<JobState>().First(state => Of(state) == name);

    public static ShardState ToShardState(string name) => Enum.Parse<ShardState>(name, ignoreCase: true);
}
