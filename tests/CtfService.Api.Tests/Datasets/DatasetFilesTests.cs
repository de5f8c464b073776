using System.Formats.Tar;
using System.Net;
using System.Text.Json;
using CtfService.Api.Tests.Security;
using CtfService.Core.Models;
using CtfService.Datasets.Finishing;
using CtfService.Datasets.Formats;
using CtfService.Datasets.Plans;
using CtfService.TestSupport;

namespace CtfService.Api.Tests.Datasets;

/// <summary>The files of data sets that the service makes.</summary>
public sealed class DatasetFilesTests : IAsyncLifetime
{
    private const string Fifty = "01234567890123456789012345678901234567890123456789";

    private readonly TestApi _api = TestKeys.Api(("Security:AllowAnonymous", "true"), ("Jobs:Concurrency", "1"));
    private DatasetClient _datasets = null!;

    public async Task InitializeAsync()
    {
        await _api.InitializeAsync();
        _datasets = new DatasetClient(_api);
    }

    public Task DisposeAsync() => ((IAsyncLifetime)_api).DisposeAsync();

    [Theory]
    [InlineData("webdataset", "classes.json dataset.json images-000000.tar images-000001.tar images-000002.tar")]
    [InlineData("imagefolder", "classes.json dataset.json images-000000.tar images-000001.tar images-000002.tar metadata.jsonl")]
    [InlineData("npz", "classes.json dataset.json images.npz")]
    [InlineData("parquet", "classes.json dataset.json images-00000-of-00003.parquet images-00001-of-00003.parquet images-00002-of-00003.parquet")]
    public async Task Files_OfEachFormat_AreThoseOfThePlan(string format, string names)
    {
        var files = await _datasets.MakeAsync($$"""{"counts": {"apple": 4, "1": 3}, "format": "{{format}}", "shard_size": 3, "seed": 7}""");

        Assert.Equal(names.Split(' '), files.Keys);
        foreach (var (name, content) in await ExpectedAsync(Enum.Parse<DatasetFormat>(format, ignoreCase: true)))
        {
            Assert.Equal(content, files[name]);
        }
    }

    [Fact]
    public async Task Files_OfTwoRequestsWithTheSameSeed_AreTheSame()
    {
        const string Request = """{"per_class": 3, "format": "imagefolder", "shard_size": 4, "seed": 11, "image_format": "webp", "temperature": 0.5}""";

        Assert.Equal(await _datasets.MakeAsync(Request), await _datasets.MakeAsync(Request));
    }

    [Fact]
    public async Task Files_EverySettingOfTheRequest_ReachesTheImages()
    {
        var files = await _datasets.MakeAsync(
            """
            {"per_class": 1, "classes": ["banana", 4], "name": "fruit", "format": "webdataset", "image_format": "jpeg", "quality": 70, "seed": 5,
             "temperature": 0.5, "top_k": 3, "top_p": 0.9, "guidance_scale": 1.5, "fine": {"temperature": 0.7}}
            """);

        var manifest = JsonDocument.Parse(files["dataset.json"]).RootElement;
        var plan = manifest.GetProperty("plan");
        Assert.Equal([0, 1, 0, 0, 1], plan.GetProperty("counts").EnumerateArray().Select(count => count.GetInt32()));
        Assert.Equal(("jpeg", 70, 5), (Text(plan, "image_format"), plan.GetProperty("quality").GetInt32(), plan.GetProperty("seed").GetInt32()));
        var coarse = plan.GetProperty("coarse");
        Assert.Equal(
            (0.5f, 3, 0.9f, 1.5f),
            (coarse.GetProperty("temperature").GetSingle(), coarse.GetProperty("top_k").GetInt32(), coarse.GetProperty("top_p").GetSingle(),
                coarse.GetProperty("guidance_scale").GetSingle()));
        Assert.Equal(0.7f, plan.GetProperty("fine").GetProperty("temperature").GetSingle());
        using var tar = new TarReader(new MemoryStream(files["fruit-000000.tar"]));
        Assert.Equal("fruit-00000000.jpg", tar.GetNextEntry()!.Name);
    }

    [Fact]
    public async Task Download_ARange_SendsThatPart()
    {
        var id = await _datasets.IdOf("""{"per_class": 1, "shard_size": 5, "seed": 1}""");
        await _datasets.EndedAsync(id);
        var address = $"{DatasetClient.Path}/{id}/files/images-000000.tar";
        var whole = await _api.Client.GetByteArrayAsync(address);

        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Range = new(100, 199);
        using var response = await _api.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        Assert.Equal(whole[100..200], await response.Content.ReadAsByteArrayAsync());
        Assert.NotNull(response.Headers.ETag);
    }

    [Theory]
    [InlineData("images-000009.tar")]
    [InlineData("..%2Frecords%2F000000.json")]
    [InlineData("a%5Cb")]
    [InlineData(Fifty + Fifty + Fifty + Fifty + "0")] // longer than a name in the store
    public async Task Download_AFileThatIsNotOfTheDataset_Is404(string name)
    {
        var id = await _datasets.IdOf("""{"per_class": 1, "seed": 1}""");
        await _datasets.EndedAsync(id);

        using var response = await _api.Client.GetAsync($"{DatasetClient.Path}/{id}/files/{name}");

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task Download_AFinishedShardOfARunningJob_IsPossible()
    {
        _api.Generator.Rows = 4;
        var id = await _datasets.IdOf("""{"counts": {"apple": 4}, "shard_size": 2, "seed": 1}""");
        await _datasets.EndedAsync(id);
        var whole = await _datasets.FilesAsync(id);
        using var gate = _api.Generator.HoldNextStep();
        var running = await _datasets.IdOf("""{"counts": {"apple": 4}, "shard_size": 2, "seed": 1}""");
        await gate.Entered;
        using var second = _api.Generator.HoldNextStep();
        gate.Open();
        await second.Entered;

        foreach (var (name, content) in await _datasets.FilesAsync(running))
        {
            Assert.Equal(whole[name], content);
        }

        second.Open();
        Assert.Equal("completed", (await _datasets.EndedAsync(running)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Files_AfterTheEnd_AreTheOnlyOnesInTheStore()
    {
        var id = await _datasets.IdOf("""{"per_class": 2, "format": "npz", "shard_size": 3, "seed": 1}""");
        await _datasets.EndedAsync(id);

        var stored = Directory.EnumerateFiles(_api.Storage.Root, "*", SearchOption.AllDirectories)
            .Where(file => file.Contains(id, StringComparison.Ordinal)).Select(Path.GetFileName).Order();

        Assert.Equal(["classes.json", "dataset.json", "images.npz"], stored);
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    /// <summary>Makes the same data set without the service.</summary>
    private static async Task<Dictionary<string, byte[]>> ExpectedAsync(DatasetFormat chosen)
    {
        var model = FakeModels.Fruits;
        var plan = new DatasetPlan
        {
            Counts = [4, 3, 0, 0, 0],
            Seed = 7,
            Coarse = model.DefaultCoarse,
            Fine = model.DefaultFine,
            Format = chosen,
            ShardSize = 3,
        };
        var format = ShardFormat.Of(new Dataset(plan, model));
        using var generator = new FakeImageGenerator(model);
        var files = new Dictionary<string, byte[]>();
        for (var number = 0; number < format.Dataset.ShardCount; number++)
        {
            using var bytes = new MemoryStream();
            var images = format.Dataset.Indices([number]).Select(index => format.Dataset.Image(index))
                .Select(planned => format.Encode(planned, generator.Generate([planned.Specification], CancellationToken.None)[0].Image));
            await format.WriteShardAsync(bytes, images);
            files[format.ShardName(number)] = bytes.ToArray();
        }

        var shards = files.ToDictionary();
        foreach (var file in FinalFiles.Of(
            format, [], (number, _) => Task.FromResult<Stream>(new MemoryStream(shards[format.ShardName(number)]))))
        {
            using var bytes = new MemoryStream();
            await file.WriteAsync(bytes, CancellationToken.None);
            files[file.Name] = bytes.ToArray();
        }

        return format.ShardsAreParts ? files.Where(file => !shards.ContainsKey(file.Key)).ToDictionary() : files;
    }
}
