using System.Text.Json;
using CtfService.Jobs.Files;
using CtfService.Jobs.Work;

namespace CtfService.Api.Batches.Requests;

/// <summary>A validated batch: the model that it runs on and its shards. Written once, so that all workers agree about both.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="BundleHash">Identifies the model; a process with another one does not run the batch.</param>
/// <param name="Images">Number of images of all requests.</param>
/// <param name="Shards">The shards in order.</param>
internal sealed record PreparedBatch(string Model, string BundleHash, long Images, IReadOnlyList<PreparedShard> Shards)
{
    public JobPlan Plan => new([.. Shards.Select(shard => shard.Requests)], Images);

    /// <summary>Returns null if the batch has not been validated.</summary>
    public static async Task<PreparedBatch?> FindAsync(IFileStore files, Job job, CancellationToken cancellation)
    {
        await using var content = await files.OpenAsync(BatchFiles.Prepared(job), offset: 0, length: null, cancellation);
        return content is null ? null : await JsonSerializer.DeserializeAsync<PreparedBatch>(content, cancellationToken: cancellation);
    }

    /// <summary>Writes it, unless another worker has written its own, and returns the one that counts.</summary>
    public async Task<PreparedBatch> PublishAsync(IFileStore files, Job job, CancellationToken cancellation)
    {
        var isFirst = await files.PublishAsync(
            BatchFiles.Prepared(job), (stream, cancel) => JsonSerializer.SerializeAsync(stream, this, cancellationToken: cancel), cancellation);
        return isFirst ? this : (await FindAsync(files, job, cancellation))!;
    }
}

/// <summary>Requests of one shard.</summary>
/// <param name="Offset">Where its first line starts in the copy of the input file, bytes.</param>
/// <param name="Requests">Number of requests, one a line.</param>
internal sealed record PreparedShard(long Offset, int Requests);
