namespace CtfService.Jobs.Telemetry;

/// <summary>How an attempt at a piece of work ends: a closed set of values of metrics and spans.</summary>
internal static class ShardOutcomes
{
    public const string Done = "done";

    /// <summary>The attempt failed; another follows.</summary>
    public const string Retried = "retried";

    /// <summary>The last attempt failed, or the work lost too many processes.</summary>
    public const string GivenUp = "given_up";

    /// <summary>The work cannot be done here and now; the attempt does not count.</summary>
    public const string Postponed = "postponed";

    /// <summary>The finish lacked files of finished shards, which run again.</summary>
    public const string Reopened = "reopened";

    /// <summary>The job was cancelled or has expired, or the service stops.</summary>
    public const string Stopped = "stopped";

    /// <summary>The worker disappeared; counted by the one that noticed.</summary>
    public const string Lost = "lost";

    /// <summary>The work ended after its worker had lost the lease; the result is ignored.</summary>
    public const string Late = "late";

    public static IReadOnlyList<string> All { get; } = [Done, Retried, GivenUp, Postponed, Reopened, Stopped, Lost, Late];
}
