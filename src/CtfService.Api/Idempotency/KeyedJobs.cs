using CtfService.Jobs.Work;

namespace CtfService.Api.Idempotency;

/// <summary>
/// Chooses the id of the job that a request creates. With an <c>Idempotency-Key</c>, the id follows from it: if the process disappears after it has created the
/// job and before it has stored the response, the repeated request finds the job.
/// </summary>
internal sealed class KeyedJobs(IJobService jobs, IdempotencyOptions options, TimeProvider clock)
{
    /// <param name="kind">Kind of the job.</param>
    /// <param name="prefix">Prefix of the ids of this kind.</param>
    /// <returns>The id, and the job if the request has created it.</returns>
    public async Task<(string Id, Job? Created)> ChooseAsync(HttpContext http, string tenant, string kind, string prefix)
    {
        if (KeyedRequest.Of(http) is not { } request)
        {
            return (JobIds.New(prefix), null);
        }

        // A job may outlive the key, which then creates another one.
        for (var use = 0; ; use++)
        {
            var id = JobIds.Of(prefix, $"{request.Key.Caller}\n{request.Key.Key}\n{request.Fingerprint}\n{use}");
            var job = await jobs.FindAsync(tenant, kind, id, http.RequestAborted);
            if (job is null || clock.GetUtcNow() - job.CreatedAt < options.Lifetime)
            {
                return (id, job);
            }
        }
    }
}
