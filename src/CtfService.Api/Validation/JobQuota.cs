using CtfService.Api.Errors;
using CtfService.Jobs.Work;

namespace CtfService.Api.Validation;

/// <summary>Limits the unfinished jobs of a key: each keeps files, and takes part in every choice of what runs next. Thread-safe.</summary>
internal sealed class JobQuota(IJobService jobs, JobsOptions options)
{
    /// <summary>Returns what the owner has not finished, if it may have another job.</summary>
    /// <exception cref="RequestRefusedException">The owner has too many unfinished jobs.</exception>
    public async Task<UnfinishedWork> RequireRoomAsync(string tenant, CancellationToken cancellation)
    {
        var unfinished = await jobs.UnfinishedAsync(tenant, cancellation);
        return unfinished.Jobs < options.MaxUnfinishedJobs
            ? unfinished
            : throw new RequestRefusedException(Exceeded(unfinished.Jobs, options.MaxUnfinishedJobs));
    }

    internal static ApiError Exceeded(long unfinished, int most) => new(
        StatusCodes.Status429TooManyRequests,
        $"This key has {unfinished} unfinished jobs, and may have at most {most} (Jobs:MaxUnfinishedJobs). Wait until one has finished, or cancel one.",
        "job_quota_exceeded")
    {
        RetryAfter = TimeSpan.FromMinutes(1),
    };
}
