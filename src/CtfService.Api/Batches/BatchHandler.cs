using CtfService.Api.Batches.Requests;
using CtfService.Api.Batches.Results;
using CtfService.Core.Models;
using CtfService.Jobs.Files;
using CtfService.Jobs.Store;
using CtfService.Jobs.Work;

namespace CtfService.Api.Batches;

/// <summary>
/// Does the work of batches. Every step may run again at any time, also beside an earlier run: ids, seeds and bytes are derived from the batch and the line,
/// and of each file the first complete one counts. Thread-safe.
/// </summary>
internal sealed class BatchHandler(BatchPreparation preparation, ShardRun shardRun, BatchOutput output, IFileStore files, IUploadCatalog catalog) : IJobHandler
{
    private const string Purpose = "batch_output";

    public string Kind => BatchSpecification.Kind;

    public async Task<JobPlan> PrepareAsync(Job job, CancellationToken cancellation)
    {
        var prepared = await PreparedBatch.FindAsync(files, job, cancellation)
            ?? await preparation.PrepareAsync(job, CurrentModel(), cancellation);
        return prepared.Plan;
    }

    public async Task<ShardResult> RunAsync(Job job, Shard shard, CancellationToken cancellation)
    {
        var part = BatchFiles.Part(job, shard.Number);
        if (await PartSummary.FindAsync(files, part, cancellation) is { } earlier)
        {
            return earlier.Result;
        }

        var prepared = await RequirePreparedAsync(job, cancellation);
        await using var input = await files.OpenAsync(BatchFiles.Requests(job), prepared.Shards[shard.Number].Offset, length: null, cancellation)
            ?? throw new FileStoreUnavailableException($"{BatchFiles.Requests(job)} has disappeared from the file store.");
        var summary = PartSummary.Empty;
        var isFirst = await files.PublishAsync(
            part, async (stream, cancel) => summary = await shardRun.RunAsync(job, shard, prepared, input, stream, cancel), cancellation);
        return isFirst ? summary.Result : (await PartSummary.FindAsync(files, part, cancellation))!.Result;
    }

    public async Task<string> FinishAsync(Job job, IReadOnlyList<Shard> shards, CancellationToken cancellation)
    {
        if (shards.Count == 0)
        {
            return BatchResult.Nothing.ToJson();
        }

        var result = await BatchResult.FindAsync(files, job, cancellation);
        if (result is null)
        {
            var prepared = await RequirePreparedAsync(job, cancellation);
            result = await output.WriteAsync(job, shards, prepared, cancellation);
            await result.PublishAsync(files, job, cancellation);
        }

        await AddAsync(job, result.OutputFileId, BatchFiles.Output(job), "output", cancellation);
        await AddAsync(job, result.ErrorFileId, BatchFiles.Errors(job), "errors", cancellation);
        await DeleteAsync(job, name => name != BatchFiles.Output(job) && name != BatchFiles.Errors(job) && name != BatchFiles.Result(job), cancellation);
        return result.ToJson();
    }

    public async Task DeleteFilesAsync(Job job, CancellationToken cancellation)
    {
        await catalog.DeleteAsync(job.Tenant, BatchIds.OfFile(job, "output"), cancellation);
        await catalog.DeleteAsync(job.Tenant, BatchIds.OfFile(job, "errors"), cancellation);
        await DeleteAsync(job, _ => true, cancellation);
    }

    private ModelDescription CurrentModel()
    {
        using var lease = shardRun.Lease(); // held for a moment only: a lease keeps a replaced model in memory
        return lease.Model;
    }

    private async Task<PreparedBatch> RequirePreparedAsync(Job job, CancellationToken cancellation) =>
        await PreparedBatch.FindAsync(files, job, cancellation)
        ?? throw new FileStoreUnavailableException($"{BatchFiles.Prepared(job)} has disappeared from the file store.");

    /// <summary>Adds a file to those of the owner, unless it is there already.</summary>
    /// <param name="id">Null if there is no file.</param>
    private async Task AddAsync(Job job, string? id, string storedName, string name, CancellationToken cancellation)
    {
        if (id is null || await catalog.FindAsync(job.Tenant, id, cancellation) is not null
            || await files.FindAsync(storedName, cancellation) is not { } stored)
        {
            return;
        }

        // The times of the row, not of the clock, so that a repeated finish gives the same.
        var created = job.FinalizingAt ?? job.CancelRequestedAt ?? job.ExpiresAt;
        var expires = BatchSpecification.Of(job).OutputSeconds is { } seconds ? created.AddSeconds(seconds) : (DateTimeOffset?)null;
        await catalog.AddAsync(
            new UploadedFile(id, job.Tenant, $"{job.Id}_{name}.jsonl", stored.Length, Purpose, storedName, created, expires), cancellation);
    }

    private async Task DeleteAsync(Job job, Func<string, bool> isUnneeded, CancellationToken cancellation)
    {
        List<string> names = [];
        await foreach (var file in files.ListAsync(BatchFiles.Folder(job), cancellation))
        {
            names.Add(file.Name);
        }

        foreach (var name in names.Where(isUnneeded))
        {
            await files.DeleteAsync(name, cancellation);
        }
    }
}
