using System.Text;
using System.Text.Json;
using CtfService.Datasets.Finishing;
using CtfService.Datasets.Formats;
using CtfService.Jobs.Files;
using CtfService.Jobs.Work;

namespace CtfService.Api.Datasets;

/// <summary>Puts the files of a data set together when its last shard has ended. Thread-safe.</summary>
internal sealed class DatasetOutput(IFileStore files, ShardFiles shardFiles)
{
    /// <summary>File name of the list of images that could not be drawn.</summary>
    public const string Errors = "errors.jsonl";

    /// <summary>Writes what is missing of the final files. Nothing is written before every finished shard has been found intact.</summary>
    /// <exception cref="ShardsMissingException">Files of finished shards are lost or damaged.</exception>
    public async Task WriteAsync(DatasetFolder folder, ShardFormat format, IReadOnlyList<Shard> shards, CancellationToken cancellation)
    {
        var isMade = await files.FindAsync(folder.Result(DatasetManifest.FileName), cancellation) is not null; // the last one; parts are deleted after it
        if (!isMade || !format.ShardsAreParts)
        {
            await RequireIntactAsync(folder, format, shards, cancellation);
        }

        if (!isMade && shards.Any(shard => shard.State == ShardState.Done))
        {
            await WriteFinalAsync(folder, format, shards, cancellation);
        }

        if (shards.Any(shard => shard.State == ShardState.Failed))
        {
            await files.PublishAsync(folder.Result(Errors), (output, cancel) => WriteErrorsAsync(format, shards, output, cancel), cancellation);
        }
    }

    private async Task RequireIntactAsync(DatasetFolder folder, ShardFormat format, IReadOnlyList<Shard> shards, CancellationToken cancellation)
    {
        List<int> missing = [];
        foreach (var shard in shards.Where(shard => shard.State == ShardState.Done))
        {
            if (!await shardFiles.AreIntactAsync(folder, format, shard.Number, cancellation))
            {
                missing.Add(shard.Number);
            }
        }

        if (missing.Count == 0)
        {
            return;
        }

        foreach (var number in missing)
        {
            await shardFiles.DeleteAsync(folder, format, number, cancellation);
        }

        await DeleteFinalAsync(folder, format, shards, cancellation);
        throw new ShardsMissingException(missing);
    }

    private async Task WriteFinalAsync(DatasetFolder folder, ShardFormat format, IReadOnlyList<Shard> shards, CancellationToken cancellation)
    {
        foreach (var file in FinalFilesOf(folder, format, shards))
        {
            await files.PublishAsync(folder.Result(file.Name), file.WriteAsync, cancellation);
        }
    }

    /// <summary>Deletes what an interrupted attempt wrote: the shards may end otherwise the next time.</summary>
    private async Task DeleteFinalAsync(DatasetFolder folder, ShardFormat format, IReadOnlyList<Shard> shards, CancellationToken cancellation)
    {
        foreach (var name in FinalFilesOf(folder, format, shards).Select(file => file.Name).Append(Errors).Reverse())
        {
            await files.DeleteAsync(folder.Result(name), cancellation);
        }
    }

    private IReadOnlyList<FinalFile> FinalFilesOf(DatasetFolder folder, ShardFormat format, IReadOnlyList<Shard> shards) => FinalFiles.Of(
        format,
        rejected: [],
        async (number, cancel) => await files.OpenAsync(folder.Shard(format, number), offset: 0, length: null, cancel)
            ?? throw new ShardsMissingException([number]),
        shards.Where(shard => shard.State != ShardState.Done).Select(shard => shard.Number).ToHashSet());

    private static async Task WriteErrorsAsync(ShardFormat format, IReadOnlyList<Shard> shards, Stream output, CancellationToken cancellation)
    {
        await using var writer = new StreamWriter(output, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true) { NewLine = "\n" };
        foreach (var shard in shards.Where(shard => shard.State == ShardState.Failed))
        {
            foreach (var index in format.Dataset.Indices([shard.Number]))
            {
                var label = format.Dataset.ClassOf(index);
                var line = new
                {
                    key = format.Dataset.Key(index),
                    label = label.Id,
                    label_name = label.Name,
                    seed = format.Dataset.Image(index).Specification.Seed,
                    shard = shard.Number,
                    error = shard.Error,
                };
                await writer.WriteLineAsync(JsonSerializer.Serialize(line).AsMemory(), cancellation);
            }
        }
    }
}
