using System.Text.Json;
using CtfService.Api.Security;
using CtfService.Jobs.Work;

namespace CtfService.Api.Datasets;

/// <summary>
/// Does the work of data sets. A shard is drawn at one go and published as one file, whose bytes do not depend on who drew it. Thread-safe.
/// </summary>
internal sealed class DatasetJobHandler(DatasetFormatCache formats, ShardDrawing drawing, ShardFiles shardFiles, DatasetOutput output, DatasetFileList files)
    : IJobHandler
{
    public string Kind => DatasetSpecification.Kind;

    public Task<JobPlan> PrepareAsync(Job job, CancellationToken cancellation)
    {
        try
        {
            var dataset = formats.Of(job).Format.Dataset;
            return Task.FromResult(new JobPlan([.. Enumerable.Range(0, dataset.ShardCount).Select(number => dataset.Shard(number).Count)], dataset.Count));
        }
        catch (Exception unreadable) when (unreadable is JsonException or ArgumentException)
        {
            throw new JobRefusedException([new JobError(
                "unreadable_job",
                $"Another version of the service wrote this job, and this one cannot read it. Request the data set again. ({unreadable.Message})")]);
        }
    }

    public async Task<ShardResult> RunAsync(Job job, Shard shard, CancellationToken cancellation)
    {
        var folder = new DatasetFolder(job.Id);
        var (specification, format) = formats.Of(job);
        if (!await shardFiles.ArePresentAsync(folder, format, shard.Number, cancellation))
        {
            var images = await drawing.DrawAsync(format, shard.Number, specification.Origin, CallerFlow.OfJob(job.Tenant, job.Weight), cancellation);
            await shardFiles.PublishAsync(folder, format, shard.Number, images, cancellation);
        }

        return new ShardResult(shard.Count, Failed: 0);
    }

    public async Task<string> FinishAsync(Job job, IReadOnlyList<Shard> shards, CancellationToken cancellation)
    {
        var folder = new DatasetFolder(job.Id);
        if (shards.Count > 0)
        {
            await output.WriteAsync(folder, formats.Of(job).Format, shards, cancellation);
        }

        var result = new DatasetResult(await files.ListAsync(folder, cancellation));
        await files.DeleteInnerAsync(folder, cancellation);
        return result.ToJson();
    }

    public Task DeleteFilesAsync(Job job, CancellationToken cancellation) => files.DeleteAsync(new DatasetFolder(job.Id), cancellation);
}
