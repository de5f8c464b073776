using System.Text;
using System.Text.Json;
using CtfService.Datasets.Formats;
using CtfService.Datasets.Plans;

namespace CtfService.Datasets.Finishing;

/// <summary>The files that complete a data set: what its format needs besides the shards, its classes, and its manifest.</summary>
public static class FinalFiles
{
    /// <summary>File name of the list of classes.</summary>
    public const string Classes = "classes.json";

    /// <summary>File name of the list of images of an ImageFolder, which Hugging Face's <c>imagefolder</c> reads.</summary>
    public const string Metadata = "metadata.jsonl";

    /// <summary>File name of the list of images that the filter rejected.</summary>
    public const string Rejected = "rejected.jsonl";

    /// <summary>Returns the files in the order in which they are to be written; the manifest is the last.</summary>
    /// <param name="rejected">All rejected images; empty without a filter.</param>
    /// <param name="openShard">Opens the file of a shard for reading. Called only if <see cref="ShardFormat.ShardsAreParts"/>.</param>
    /// <param name="missing">Numbers of shards that could not be made; the files leave their images out. Null if there are none.</param>
    public static IReadOnlyList<FinalFile> Of(
        ShardFormat format, IReadOnlyList<RejectedImage> rejected, Func<int, CancellationToken, Task<Stream>> openShard, IReadOnlySet<int>? missing = null)
    {
        var dataset = format.Dataset;
        int[] shards = [.. Enumerable.Range(0, dataset.ShardCount).Where(number => missing?.Contains(number) != true)];
        List<FinalFile> files = [];
        switch (format)
        {
            case NpzFormat:
                files.Add(new FinalFile(
                    $"{dataset.Plan.Name}.npz", (output, cancellation) => NpzArchive.WriteAsync(dataset, shards, openShard, output, cancellation)));
                break;
            case ImagefolderFormat folder:
                files.Add(Lines(Metadata, MetadataLines.Images(folder, shards, rejected)));
                break;
        }

        files.Add(Json(Classes, dataset.Model.Classes.Labels.Select(label => new { label.Id, label.Name, WordnetId = label.WordNetId })));
        if (dataset.Plan.Filter is not null)
        {
            files.Add(Lines(Rejected, MetadataLines.Rejected(dataset, rejected)));
        }

        files.Add(Json(DatasetManifest.FileName, DatasetManifest.Of(format, shards, rejected.Count)));
        return files;
    }

    private static FinalFile Json<T>(string name, T value) => new(name, async (output, cancellation) =>
    {
        await JsonSerializer.SerializeAsync(output, value, DatasetJson.Indented, cancellation);
        await output.WriteAsync("\n"u8.ToArray(), cancellation);
    });

    private static FinalFile Lines(string name, IEnumerable<string> lines) => new(name, async (output, cancellation) =>
    {
        await using var writer = new StreamWriter(output, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true) { NewLine = "\n" };
        foreach (var line in lines)
        {
            await writer.WriteLineAsync(line.AsMemory(), cancellation);
        }
    });
}
