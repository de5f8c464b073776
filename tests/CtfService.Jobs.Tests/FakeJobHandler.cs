using System.Collections.Concurrent;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Tests;

/// <summary>Work that a test defines. By default a job is cut as its specification says, such as <c>10,10,5</c>, and all items succeed.</summary>
internal sealed class FakeJobHandler : IJobHandler
{
    public const string TestKind = "test";

    public string Kind => TestKind;

    public Func<Job, CancellationToken, Task<JobPlan>> Prepare { get; set; } = (job, _) => Task.FromResult(PlanOf(job));

    public Func<Job, Shard, CancellationToken, Task<ShardResult>> Run { get; set; } = (_, shard, _) => Done(shard);

    public Func<Job, IReadOnlyList<Shard>, CancellationToken, Task<string>> Finish { get; set; } = (_, shards, _) =>
        Task.FromResult($"{shards.Count(shard => shard.State == ShardState.Done)} of {shards.Count}");

    public Func<Job, Task> DeleteFiles { get; set; } = _ => Task.CompletedTask;

    /// <summary>Attempts at shards in the order in which they started.</summary>
    public ConcurrentQueue<(string Job, int Shard)> Started { get; } = [];

    public ConcurrentQueue<string> DeletedFiles { get; } = [];

    /// <summary>Returns that all items of a shard succeeded.</summary>
    public static Task<ShardResult> Done(Shard shard) => Task.FromResult(new ShardResult(shard.Count, 0));

    public static JobPlan PlanOf(Job job)
    {
        List<int> counts = [.. job.Specification.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
        return new JobPlan(counts, counts.Sum());
    }

    public Task<JobPlan> PrepareAsync(Job job, CancellationToken cancellation) => Prepare(job, cancellation);

    public Task<ShardResult> RunAsync(Job job, Shard shard, CancellationToken cancellation)
    {
        Started.Enqueue((job.Id, shard.Number));
        return Run(job, shard, cancellation);
    }

    public Task<string> FinishAsync(Job job, IReadOnlyList<Shard> shards, CancellationToken cancellation) => Finish(job, shards, cancellation);

    public Task DeleteFilesAsync(Job job, CancellationToken cancellation)
    {
        DeletedFiles.Enqueue(job.Id);
        return DeleteFiles(job);
    }
}
