using System.Text.Json;
using CtfService.Datasets.Finishing;
using CtfService.Datasets.Formats;
using CtfService.Datasets.Plans;

namespace CtfService.Datasets.Folders;

/// <summary>Takes over the shards of a data set that was finished and has lost some files since.</summary>
internal static class FinishedShards
{
    /// <summary>Writes the records of the shards that are there, so that only the others are generated again.</summary>
    public static void Restore(string path, ShardFormat format)
    {
        if (format.ShardsAreParts || !File.Exists(Path.Combine(path, DatasetManifest.FileName)) || Rejected(path, format.Dataset) is not { } rejected)
        {
            return;
        }

        var shards = new ShardFiles(path, format);
        foreach (var number in Enumerable.Range(0, format.Dataset.ShardCount).Where(shards.Exist))
        {
            new ShardRecord([.. rejected[number]]).Write(StateFiles.Record(path, number));
        }
    }

    /// <summary>Returns the rejected images by shard; null if their list is lost.</summary>
    private static ILookup<int, RejectedImage>? Rejected(string path, Dataset dataset)
    {
        var list = Path.Combine(path, FinalFiles.Rejected);
        if (dataset.Plan.Filter is not null && !File.Exists(list))
        {
            return null;
        }

        try
        {
            IEnumerable<string> lines = dataset.Plan.Filter is null ? [] : File.ReadAllLines(list);
            return lines.Select(RejectedLine.Parse).ToLookup(image => image.Index / dataset.Plan.ShardSize);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
