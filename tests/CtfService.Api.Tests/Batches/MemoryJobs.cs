using System.Collections.Concurrent;
using CtfService.Jobs.Work;

namespace CtfService.Api.Tests.Batches;

/// <summary>Rows of jobs in memory; nothing works on them. Tests can change them.</summary>
internal sealed class MemoryJobs : IJobService
{
    public ConcurrentDictionary<string, Job> Rows { get; } = [];

    public long UnfinishedImages { get; set; }

    public async Task<Job> CreateAsync(NewJob job, CancellationToken cancellation)
    {
        job.Admit?.Invoke(await UnfinishedAsync(job.Tenant, cancellation));
        var created = new Job
        {
            Id = job.Id,
            Kind = job.Kind,
            Tenant = job.Tenant,
            Weight = job.Weight,
            Specification = job.Specification,
            State = JobState.Validating,
            CreatedAt = DateTimeOffset.UnixEpoch.AddSeconds(1_000 + Rows.Count),
            ExpiresAt = DateTimeOffset.UnixEpoch.AddSeconds(1_000 + Rows.Count) + job.Lifetime,
            Webhook = job.Webhook,
            TraceParent = job.TraceParent,
        };
        return Rows.TryAdd(job.Id, created) ? created : throw new InvalidOperationException($"{job.Id} is there already.");
    }

    public Task<Job?> FindAsync(string tenant, string kind, string id, CancellationToken cancellation) =>
        Task.FromResult(Rows.TryGetValue(id, out var job) && job.Tenant == tenant && job.Kind == kind ? job : null);

    public Task<JobPage> ListAsync(string tenant, string kind, string? after, int limit, CancellationToken cancellation)
    {
        var older = Rows.Values.Where(job => job.Tenant == tenant && job.Kind == kind).OrderByDescending(job => job.CreatedAt)
            .SkipWhile(job => after is not null && job.Id != after).Skip(after is null ? 0 : 1).ToList();
        return Task.FromResult(new JobPage([.. older.Take(limit)], older.Count > limit));
    }

    public async Task<Job?> CancelAsync(string tenant, string kind, string id, CancellationToken cancellation)
    {
        if (await FindAsync(tenant, kind, id, cancellation) is not { } job)
        {
            return null;
        }

        return Rows[id] = job.State.IsEnded() ? job : job with { State = JobState.Cancelling, CancelRequestedAt = DateTimeOffset.UnixEpoch.AddSeconds(1_500) };
    }

    public Task<bool> DeleteAsync(string tenant, string kind, string id, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<UnfinishedWork> UnfinishedAsync(string tenant, CancellationToken cancellation) =>
        Task.FromResult(new UnfinishedWork(Rows.Values.Count(job => job.Tenant == tenant && !job.State.IsEnded()), UnfinishedImages));

    public IAsyncEnumerable<Job> WatchAsync(string tenant, string kind, string id, CancellationToken cancellation) => throw new NotSupportedException();
}
