using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Datasets.Finishing;
using CtfService.Datasets.Formats;
using CtfService.Datasets.Plans;
using CtfService.TestSupport;

namespace CtfService.Datasets.Tests;

/// <summary>Small data sets of a model that does not exist: 8x8 pixels, five classes.</summary>
internal static class FakeDataset
{
    public static ModelDescription Model { get; } = FakeModels.Fruits with { Device = "cpu", Dtype = "float32", Arithmetic = "x64, sums of 16 lanes" };

    /// <summary>Seven images of four classes in shards of three.</summary>
    public static DatasetPlan Plan(DatasetFormat format = DatasetFormat.Webdataset) => new()
    {
        Counts = [2, 3, 1, 0, 1],
        Seed = 42,
        Coarse = Model.DefaultCoarse,
        Fine = Model.DefaultFine,
        Format = format,
        ShardSize = 3,
    };

    public static ShardFormat Format(DatasetPlan plan, ModelDescription? model = null) => ShardFormat.Of(new Dataset(plan, model ?? Model));

    /// <summary>Draws the pixels of an image; each image has others.</summary>
    public static RgbImage Draw(Dataset dataset, PlannedImage planned)
    {
        using var generator = new FakeImageGenerator(dataset.Model);
        return generator.Generate([planned.Specification], CancellationToken.None)[0].Image;
    }

    public static IEnumerable<EncodedImage> Images(ShardFormat format, int number)
    {
        var shard = format.Dataset.Shard(number);
        return Enumerable.Range(shard.First, shard.Count).Select(index => format.Dataset.Image(index))
            .Select(planned => format.Encode(planned, Draw(format.Dataset, planned)));
    }

    /// <summary>Returns the bytes of a shard, written to a stream that cannot seek.</summary>
    public static async Task<byte[]> Shard(ShardFormat format, int number)
    {
        using var bytes = new MemoryStream();
        await using (var output = new ForwardStream(bytes))
        {
            await format.WriteShardAsync(output, Images(format, number));
        }

        return bytes.ToArray();
    }

    /// <summary>Returns the bytes of all files of a data set, by name.</summary>
    public static async Task<Dictionary<string, byte[]>> Files(
        ShardFormat format, IReadOnlyList<RejectedImage>? rejected = null, IReadOnlySet<int>? missing = null)
    {
        var files = new Dictionary<string, byte[]>();
        for (var number = 0; number < format.Dataset.ShardCount; number++)
        {
            files[format.ShardName(number)] = await Shard(format, number);
        }

        Task<Stream> OpenShard(int number, CancellationToken cancellation) => Task.FromResult<Stream>(new MemoryStream(files[format.ShardName(number)]));
        foreach (var file in FinalFiles.Of(format, rejected ?? [], OpenShard, missing))
        {
            using var output = new MemoryStream();
            await file.WriteAsync(output, CancellationToken.None);
            files[file.Name] = output.ToArray();
        }

        return files;
    }
}
