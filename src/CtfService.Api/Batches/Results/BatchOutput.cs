using CtfService.Api.Batches.Requests;
using CtfService.Api.Contracts;
using CtfService.Jobs.Files;
using CtfService.Jobs.Work;

namespace CtfService.Api.Batches.Results;

/// <summary>
/// Puts the output file and the error file of a batch together from the parts of its shards, in the order of the requests. Requests that did not run get a
/// line in the error file. Thread-safe.
/// </summary>
internal sealed class BatchOutput(IFileStore files, ResultLines lines)
{
    /// <summary>Writes the files that have content and returns what became of the batch.</summary>
    /// <exception cref="ShardsMissingException">Parts are lost or damaged.</exception>
    public async Task<BatchResult> WriteAsync(Job job, IReadOnlyList<Shard> shards, PreparedBatch prepared, CancellationToken cancellation)
    {
        var total = await SumAsync(job, shards.Where(shard => shard.State == ShardState.Done), cancellation);

        var hasErrors = total.Failed > 0 || shards.Any(shard => shard.State != ShardState.Done);
        if (total.Done > 0)
        {
            await files.PublishAsync(BatchFiles.Output(job), (output, cancel) => WriteOutputAsync(job, shards, output, cancel), cancellation);
        }

        if (hasErrors)
        {
            await files.PublishAsync(BatchFiles.Errors(job), (output, cancel) => WriteErrorsAsync(job, shards, prepared, output, cancel), cancellation);
        }

        return new BatchResult(
            prepared.Model,
            total.Done > 0 ? BatchIds.OfFile(job, "output") : null,
            hasErrors ? BatchIds.OfFile(job, "errors") : null,
            total.InputTokens,
            total.OutputTokens);
    }

    private async Task<PartSummary> SumAsync(Job job, IEnumerable<Shard> done, CancellationToken cancellation)
    {
        var total = PartSummary.Empty;
        List<int> missing = [];
        foreach (var shard in done)
        {
            if (await PartSummary.FindAsync(files, BatchFiles.Part(job, shard.Number), cancellation) is { } summary)
            {
                total += summary;
            }
            else
            {
                missing.Add(shard.Number);
            }
        }

        return missing.Count == 0 ? total : throw new ShardsMissingException(missing);
    }

    private async Task WriteOutputAsync(Job job, IReadOnlyList<Shard> shards, Stream output, CancellationToken cancellation)
    {
        foreach (var shard in shards.Where(shard => shard.State == ShardState.Done))
        {
            await CopyPartAsync(job, shard, PartMark.Output, output, cancellation);
        }
    }

    private async Task WriteErrorsAsync(
        Job job, IReadOnlyList<Shard> shards, PreparedBatch prepared, Stream output, CancellationToken cancellation)
    {
        foreach (var shard in shards)
        {
            if (shard.State == ShardState.Done)
            {
                await CopyPartAsync(job, shard, PartMark.Error, output, cancellation);
            }
            else
            {
                await WriteNotRunAsync(job, shard, prepared.Shards[shard.Number], output, cancellation);
            }
        }
    }

    private async Task CopyPartAsync(Job job, Shard shard, byte mark, Stream output, CancellationToken cancellation)
    {
        var name = BatchFiles.Part(job, shard.Number);
        await using var part = await files.OpenAsync(name, offset: 0, length: null, cancellation) ?? throw Disappeared(name);
        await PartCopy.LinesAsync(part, mark, output, cancellation);
    }

    private async Task WriteNotRunAsync(Job job, Shard shard, PreparedShard place, Stream output, CancellationToken cancellation)
    {
        var name = BatchFiles.Requests(job);
        await using var input = await files.OpenAsync(name, place.Offset, length: null, cancellation) ?? throw Disappeared(name);
        var requests = new LineReader(input, BatchLine.MaxLength);
        var error = Reason(job, shard);
        for (var index = 1; index <= shard.Count; index++)
        {
            var content = await requests.ReadAsync(cancellation) ?? throw Disappeared($"Line {shard.First + index} of {name}");
            var line = BatchLine.ReadValid(content, shard.First + index, BatchSpecification.Of(job).Endpoint);
            await output.WriteAsync(lines.NotRun(job, shard.First + index, line.CustomId, error), cancellation);
            await output.WriteAsync("\n"u8.ToArray(), cancellation);
        }
    }

    private static BatchLineError Reason(Job job, Shard shard) => shard.State switch
    {
        ShardState.Failed => new BatchLineError(
            "shard_failed", $"The part of the batch with this request was given up. Its last attempt ended with: {shard.Error} Send the request again."),
        _ when job.CancelRequestedAt is not null => new BatchLineError("batch_cancelled", "The batch was cancelled before this request had run."),
        _ => new BatchLineError("batch_expired", "The completion window ended before this request had run."),
    };

    private static FileStoreUnavailableException Disappeared(string name) => new($"{name} has disappeared from the file store.");
}
