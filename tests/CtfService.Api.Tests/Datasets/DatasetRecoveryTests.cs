using System.Text.Json;
using CtfService.Api.Tests.Security;
using CtfService.Jobs.Files;
using CtfService.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.Api.Tests.Datasets;

/// <summary>Data sets whose work is disturbed: they end with the bytes of an undisturbed one.</summary>
public sealed class DatasetRecoveryTests
{
    private const string Request = """{"counts": {"apple": 6}, "format": "FORMAT", "shard_size": 2, "seed": 3}""";

    public static TheoryData<string> Formats { get; } = ["imagefolder", "webdataset", "npz", "parquet"];

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Finish_AShardFileWasDeletedAndOneDamaged_DrawsThoseShardsAgain(string format)
    {
        await using var api = Api();
        await api.InitializeAsync();
        var datasets = new DatasetClient(api);
        var json = Request.Replace("FORMAT", format, StringComparison.Ordinal);
        var undisturbed = await datasets.MakeAsync(json);
        api.Generator.Rows = 4; // two images: a shard
        Gate[] gates = [api.Generator.HoldNextStep(), api.Generator.HoldNextStep(), api.Generator.HoldNextStep()];
        var steps = api.Generator.Steps.Count;

        var id = await datasets.IdOf(json);
        foreach (var gate in gates[..2])
        {
            await gate.Entered;
            gate.Open();
        }

        await gates[2].Entered; // two of three shards are finished
        var shards = ShardFiles(api, id);
        File.Delete(shards[0]);
        var bytes = await File.ReadAllBytesAsync(shards[1]);
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(shards[1], bytes);
        gates[2].Open();
        var ended = await datasets.EndedAsync(id);

        Assert.Equal(("completed", 6), (ended.GetProperty("status").GetString(), DatasetLifeTests.Completed(ended)));
        Assert.Equal(undisturbed, await datasets.FilesAsync(id));
        Assert.Equal(5, api.Generator.Steps.Count - steps);
    }

    [Fact]
    public async Task Run_TheDiskIsFull_WaitsAndServesNothingHalfWritten()
    {
        await using var api = Api();
        api.Replace = FullDisk.Add;
        await api.InitializeAsync();
        var datasets = new DatasetClient(api);
        var disk = (FullDisk)api.Services.GetRequiredService<IFileStore>();

        var id = await datasets.IdOf(Request.Replace("FORMAT", "webdataset", StringComparison.Ordinal));
        await disk.Failed;
        var state = await datasets.FindAsync(id);
        for (var look = 0; look < 500 && state.GetProperty("waiting_for").ValueKind == JsonValueKind.Null; look++) // until the failure is recorded
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            state = await datasets.FindAsync(id);
        }

        var listed = await datasets.FilesAsync(id);
        disk.IsFull = false;
        var ended = datasets.EndedAsync(id);
        await AdvanceUntil(api, ended);

        Assert.Equal(("in_progress", 0), (state.GetProperty("status").GetString(), DatasetLifeTests.Completed(state)));
        Assert.Contains("The log of the service names the cause.", state.GetProperty("waiting_for").GetString(), StringComparison.Ordinal);
        Assert.Empty(listed);
        Assert.Equal("completed", (await ended).GetProperty("status").GetString());
        Assert.Equal(
            await datasets.MakeAsync(Request.Replace("FORMAT", "webdataset", StringComparison.Ordinal)), await datasets.FilesAsync(id));
    }

    [Fact]
    public async Task Run_TheModelIsSwitchedAndBackAgain_WaitsForItsModel()
    {
        await using var switchable = new SwitchableApi();
        var api = switchable.Api;
        await api.InitializeAsync();
        var datasets = new DatasetClient(api);
        var undisturbed = await datasets.MakeAsync(Request.Replace("FORMAT", "webdataset", StringComparison.Ordinal));
        using var gate = api.Generator.HoldNextStep();
        var id = await datasets.IdOf(Request.Replace("FORMAT", "webdataset", StringComparison.Ordinal));
        await gate.Entered;

        var switching = switchable.SwitchTo("other");
        (await switching).EnsureSuccessStatusCode();
        gate.Open();
        var state = await datasets.FindAsync(id);
        (await switchable.SwitchTo("first")).EnsureSuccessStatusCode();
        var ended = datasets.EndedAsync(id);
        await AdvanceUntil(api, ended);

        Assert.Contains("loaded is 'other-fruits-fake'", state.GetProperty("waiting_for").GetString(), StringComparison.Ordinal);
        Assert.Equal("completed", (await ended).GetProperty("status").GetString());
        Assert.Equal(JsonValueKind.Null, (await ended).GetProperty("waiting_for").ValueKind);
        Assert.Equal(undisturbed, await datasets.FilesAsync(id));
        Assert.DoesNotContain(switchable.Other.Generator.Steps.Skip(1), step => step.Count > 0); // the first step is the warm-up
    }

    private static TestApi Api() => TestKeys.Api(("Security:AllowAnonymous", "true"), ("Jobs:Concurrency", "1"));

    /// <summary>Returns the files of the finished shards of a data set, in order.</summary>
    private static string[] ShardFiles(TestApi api, string id) =>
    [
        .. Directory.EnumerateFiles(api.Storage.Root, "images-*", SearchOption.AllDirectories)
            .Where(file => file.Contains(id, StringComparison.Ordinal)).Order(StringComparer.Ordinal),
    ];

    /// <summary>Lets time pass until something has happened: a wait of the engine depends on the clock.</summary>
    private static async Task AdvanceUntil(TestApi api, Task happened)
    {
        while (!happened.IsCompleted)
        {
            api.Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(happened, Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System));
        }
    }
}
