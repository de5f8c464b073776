using CtfService.Api.Errors;
using CtfService.Jobs.Work;

namespace CtfService.Api.Validation;

/// <summary>Limits the unfinished jobs of a key: each keeps files, and takes part in every choice of what runs next. Thread-safe.</summary>
internal sealed class JobQuota(JobsOptions options)
{
    /// <exception cref="RequestRefusedException">The owner has too many unfinished jobs to have another one.</exception>
    public void RequireRoom(UnfinishedWork unfinished)
    {
        if (unfinished.Jobs >= options.MaxUnfinishedJobs)
        {
            throw new RequestRefusedException(Exceeded(unfinished.Jobs, options.MaxUnfinishedJobs));
        }
    }

    internal static ApiError Exceeded(long unfinished, int most) => new(
        StatusCodes.Status429TooManyRequests,
        $"This key has {unfinished} unfinished jobs, and may have at most {most} (Jobs:MaxUnfinishedJobs). Wait until one has finished, or cancel one.",
        "job_quota_exceeded")
    {
        RetryAfter = TimeSpan.FromMinutes(1),
    };
}
