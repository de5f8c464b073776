using System.IO.Compression;
using System.Text;
using System.Text.Json;
using CtfService.Datasets.Finishing;
using CtfService.Datasets.Plans;

namespace CtfService.Datasets.Tests.Finishing;

/// <summary>The final files of a data set with a shard that could not be made: they tell the rest only.</summary>
public sealed class MissingShardTests
{
    private static readonly HashSet<int> SecondShard = [1]; // images 3 to 5 of 7

    [Fact]
    public async Task Manifest_AShardIsMissing_CountsWhatIsThere()
    {
        var files = await FakeDataset.Files(FakeDataset.Format(FakeDataset.Plan()), missing: SecondShard);

        var manifest = JsonDocument.Parse(files[DatasetManifest.FileName]).RootElement;
        Assert.Equal(4, manifest.GetProperty("images").GetInt32());
        Assert.Equal(4, manifest.GetProperty("classes").EnumerateArray().Sum(label => label.GetProperty("images").GetInt32()));
        Assert.Equal(
            ["images-000000.tar", "images-000002.tar"],
            manifest.GetProperty("shards").EnumerateArray().Select(shard => shard.GetProperty("file").GetString()));
    }

    [Fact]
    public async Task Metadata_AShardIsMissing_ListsImagesThatAreThere()
    {
        var files = await FakeDataset.Files(FakeDataset.Format(FakeDataset.Plan(DatasetFormat.Imagefolder)), missing: SecondShard);

        var lines = Encoding.UTF8.GetString(files[FinalFiles.Metadata]).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var keys = lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("file_name").GetString()![^6..^4]);
        Assert.Equal(["00", "01", "02", "06"], keys);
    }

    [Fact]
    public async Task Npz_AShardIsMissing_HasTheOtherImages()
    {
        var files = await FakeDataset.Files(FakeDataset.Format(FakeDataset.Plan(DatasetFormat.Npz)), missing: SecondShard);

        await using var archive = new ZipArchive(new MemoryStream(files["images.npz"]));
        using var header = new StreamReader(await archive.GetEntry("arr_0.npy")!.OpenAsync());
        Assert.Contains("'shape': (4, 8, 8, 3)", await header.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.Equal(128 + (4 * sizeof(long)), archive.GetEntry("arr_1.npy")!.Length);
    }

    [Fact]
    public async Task Npz_IntoAStreamThatCannotSeek_HasTheSameBytes()
    {
        var format = FakeDataset.Format(FakeDataset.Plan(DatasetFormat.Npz) with { ShardSize = 7 });
        var files = await FakeDataset.Files(format);
        using var bytes = new MemoryStream();
        await using var output = new ForwardStream(bytes);
        var open = (int _, CancellationToken _) => Task.FromResult<Stream>(new MemoryStream(files[format.ShardName(0)]));

        await FinalFiles.Of(format, [], open)[0].WriteAsync(output, CancellationToken.None);

        Assert.Equal(files["images.npz"], bytes.ToArray());
    }
}
