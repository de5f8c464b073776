using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using CtfService.Api.Tests.Security;
using CtfService.Core.Generation;
using CtfService.Jobs.Work;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.Api.Tests.Datasets;

/// <summary>What happens to data sets from their creation to their end: events, lists, owners, cancel, deletion.</summary>
public sealed class DatasetLifeTests : IAsyncLifetime
{
    private readonly TestApi _api = TestKeys.Api(("Security:AllowAnonymous", "true"), ("Jobs:Concurrency", "1"));
    private DatasetClient _datasets = null!;

    public async Task InitializeAsync()
    {
        await _api.InitializeAsync();
        _datasets = new DatasetClient(_api);
    }

    public Task DisposeAsync() => ((IAsyncLifetime)_api).DisposeAsync();

    [Fact]
    public async Task Job_OfAnotherVersion_FailsAndHidesNoOther()
    {
        var jobs = _api.Services.GetRequiredService<IJobService>();
        var job = await jobs.CreateAsync(new NewJob("dset_other", "dataset", "", 1, "{}", TimeSpan.FromHours(1)), CancellationToken.None);
        var id = await _datasets.IdOf("""{"counts": {"apple": 1}}""");

        var list = await _datasets.GetAsync(DatasetClient.Path);
        var error = await DatasetClient.ErrorAsync(await _api.Client.GetAsync($"{DatasetClient.Path}/{job.Id}"), HttpStatusCode.ServiceUnavailable);

        Assert.Equal([id], list.GetProperty("data").EnumerateArray().Select(entry => entry.GetProperty("id").GetString()));
        Assert.Equal(job.Id, list.GetProperty("last_id").GetString());
        Assert.Equal("dataset_unreadable", error.Code);
        await foreach (var now in jobs.WatchAsync("", "dataset", job.Id, CancellationToken.None))
        {
            job = now;
        }

        Assert.Equal("unreadable_job", Assert.Single(job.Errors).Code);
        using var deleted = await _api.Client.DeleteAsync($"{DatasetClient.Path}/{job.Id}");
        Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);
    }

    [Fact]
    public async Task Events_OfARunningJob_BeginAtOnceAndEndWithTheFiles()
    {
        using var gate = _api.Generator.HoldNextStep();
        var id = await _datasets.IdOf("""{"counts": {"apple": 4}, "shard_size": 2}""");
        await gate.Entered;
        var watching = _datasets.EventsAsync(id);
        _api.Clock.Advance(TimeSpan.FromSeconds(2));
        gate.Open();

        var events = await watching;

        Assert.Equal("completed", events[^1].GetProperty("status").GetString());
        Assert.Equal(4, events[^1].GetProperty("image_counts").GetProperty("completed").GetInt32());
        Assert.Equal(4, events[^1].GetProperty("files").GetArrayLength());
        Assert.Equal(events.Select(Completed).Order(), events.Select(Completed));
    }

    [Fact]
    public async Task Events_NothingHappensForAWhile_SendComments()
    {
        using var gate = _api.Generator.HoldNextStep();
        var id = await _datasets.IdOf("""{"counts": {"apple": 1}}""");
        await gate.Entered;
        using var response = await _api.Client.GetAsync($"{DatasetClient.Path}/{id}/events", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Equal("event: dataset.updated", await reader.ReadLineAsync());

        var next = NextLineAsync(reader, ":");
        while (!next.IsCompleted)
        {
            _api.Clock.Advance(TimeSpan.FromSeconds(5));
            await Task.WhenAny(next, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System));
        }

        Assert.Equal(":", await next);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task Events_HeadRequest_DoesNotWaitForTheEnd()
    {
        using var gate = _api.Generator.HoldNextStep();
        var id = await _datasets.IdOf("""{"counts": {"apple": 1}}""");
        await gate.Entered;

        using var response = await _api.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"{DatasetClient.Path}/{id}/events"));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Find_WhileItRuns_TellsRateAndTimeLeft()
    {
        var gates = new[] { _api.Generator.HoldNextStep(), _api.Generator.HoldNextStep() };
        _api.Generator.Rows = 4; // two images
        var id = await _datasets.IdOf("""{"counts": {"apple": 8}, "shard_size": 2}""");
        await gates[0].Entered;
        _api.Clock.Advance(TimeSpan.FromSeconds(2));
        gates[0].Open();
        await gates[1].Entered;
        var state = await FirstAsync(id, state => Completed(state) > 0);
        gates[1].Open();

        Assert.Equal(Completed(state) / 2.0, state.GetProperty("images_per_second").GetDouble());
        Assert.Equal((8 - Completed(state)) / (Completed(state) / 2.0), state.GetProperty("seconds_left").GetDouble());
        Assert.Equal(JsonValueKind.Null, (await _datasets.EndedAsync(id)).GetProperty("images_per_second").ValueKind);
    }

    [Fact]
    public async Task Cancel_ARunningJob_KeepsWhatIsFinished()
    {
        _api.Generator.Rows = 4; // two images
        var gates = new[] { _api.Generator.HoldNextStep(), _api.Generator.HoldNextStep() };
        var id = await _datasets.IdOf("""{"counts": {"apple": 200}, "shard_size": 2, "format": "imagefolder"}""");
        await gates[0].Entered;
        gates[0].Open();
        await gates[1].Entered;
        await FirstAsync(id, state => Completed(state) > 0);

        var cancelling = await DatasetClient.ReadAsync(await _api.Client.PostAsync($"{DatasetClient.Path}/{id}/cancel", content: null));
        gates[1].Open();
        _api.Clock.Advance(TimeSpan.FromSeconds(2));
        var ended = await _datasets.EndedAsync(id);

        Assert.Equal("cancelling", cancelling.GetProperty("status").GetString());
        Assert.Equal("cancelled", ended.GetProperty("status").GetString());
        var files = await _datasets.FilesAsync(id);
        Assert.InRange(Completed(ended), 2, 198);
        var lines = System.Text.Encoding.UTF8.GetString(files["metadata.jsonl"]).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Completed(ended), lines.Length);
        Assert.Equal(Completed(ended) / 2, files.Keys.Count(name => name.EndsWith(".tar", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Cancel_AJobThatHasEnded_HasNoEffect()
    {
        var id = await _datasets.IdOf("""{"counts": {"apple": 1}}""");
        await _datasets.EndedAsync(id);

        var answer = await DatasetClient.ReadAsync(await _api.Client.PostAsync($"{DatasetClient.Path}/{id}/cancel", content: null));

        Assert.Equal("completed", answer.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Delete_AJobThatHasEnded_RemovesItAndItsFiles()
    {
        var id = await _datasets.IdOf("""{"counts": {"apple": 1}}""");
        await _datasets.EndedAsync(id);

        var answer = await DatasetClient.ReadAsync(await _api.Client.DeleteAsync($"{DatasetClient.Path}/{id}"));

        Assert.True(answer.GetProperty("deleted").GetBoolean());
        await DatasetClient.ErrorAsync(await _api.Client.GetAsync($"{DatasetClient.Path}/{id}"), HttpStatusCode.NotFound);
        Assert.DoesNotContain(
            Directory.EnumerateFiles(_api.Storage.Root, "*", SearchOption.AllDirectories), file => file.Contains(id, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Delete_ARunningJob_Is409()
    {
        using var gate = _api.Generator.HoldNextStep();
        var id = await _datasets.IdOf("""{"counts": {"apple": 1}}""");
        await gate.Entered;

        var error = await DatasetClient.ErrorAsync(await _api.Client.DeleteAsync($"{DatasetClient.Path}/{id}"), HttpStatusCode.Conflict);

        Assert.Equal("dataset_not_ended", error.Code);
    }

    [Fact]
    public async Task List_SeveralDatasets_ArePagedNewestFirst()
    {
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            ids.Insert(0, await _datasets.IdOf("""{"counts": {"apple": 1}}"""));
        }

        var first = await _datasets.GetAsync($"{DatasetClient.Path}?limit=2");
        var second = await _datasets.GetAsync($"{DatasetClient.Path}?limit=2&after={first.GetProperty("last_id").GetString()}");

        Assert.Equal(ids, Ids(first).Concat(Ids(second)));
        Assert.Equal((true, false), (first.GetProperty("has_more").GetBoolean(), second.GetProperty("has_more").GetBoolean()));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("101")]
    public async Task List_ALimitOutOfRange_Is400(string limit)
    {
        var error = await DatasetClient.ErrorAsync(await _api.Client.GetAsync($"{DatasetClient.Path}?limit={limit}"), HttpStatusCode.BadRequest);

        Assert.Equal("limit", error.Param);
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("GET", "/files")]
    [InlineData("GET", "/files/dataset.json")]
    [InlineData("GET", "/events")]
    [InlineData("POST", "/cancel")]
    [InlineData("DELETE", "")]
    public async Task AnyRoute_TheDatasetOfAnotherKey_Is404(string method, string route)
    {
        var id = await _datasets.IdOf("""{"counts": {"apple": 1}}""");
        await _datasets.EndedAsync(id);
        using var request = new HttpRequestMessage(new HttpMethod(method), $"{DatasetClient.Path}/{id}{route}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", TestKeys.Operator);

        var error = await DatasetClient.ErrorAsync(await _api.Client.SendAsync(request), HttpStatusCode.NotFound);

        Assert.Equal("dataset_not_found", error.Code);
        Assert.Equal("completed", (await _datasets.FindAsync(id)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Run_AShardThatAlwaysFails_IsListedWithItsImages()
    {
        for (var attempt = 0; attempt < 3; attempt++)
        {
            _api.Generator.FailNextStep(new InvalidOperationException("The device is gone."));
        }

        var id = await _datasets.IdOf("""{"counts": {"apple": 3}, "seed": 4, "shard_size": 3}""");
        var ended = _datasets.EndedAsync(id);
        await AdvanceUntil(ended);

        Assert.Equal((0, 3), (Completed(await ended), (await ended).GetProperty("image_counts").GetProperty("failed").GetInt32()));
        var files = await _datasets.FilesAsync(id);
        var lines = System.Text.Encoding.UTF8.GetString(files["errors.jsonl"]).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["errors.jsonl"], files.Keys);
        Assert.Equal(
            Enumerable.Range(0, 3).Select(i => (ImageSeed.Derive(4, i), 0)),
            lines.Select(line => JsonDocument.Parse(line).RootElement)
                .Select(line => (line.GetProperty("seed").GetUInt64(), line.GetProperty("label").GetInt32())));
    }

    internal static int Completed(JsonElement state) => state.GetProperty("image_counts").GetProperty("completed").GetInt32();

    /// <summary>Lets time pass until something has happened: a wait of the engine depends on the clock.</summary>
    private async Task AdvanceUntil(Task happened)
    {
        while (!happened.IsCompleted)
        {
            _api.Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(happened, Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System));
        }
    }

    private async Task<JsonElement> FirstAsync(string id, Func<JsonElement, bool> isIt)
    {
        while (true)
        {
            var state = await _datasets.FindAsync(id);
            if (isIt(state))
            {
                return state;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }

    private static IEnumerable<string?> Ids(JsonElement page) => page.GetProperty("data").EnumerateArray().Select(entry => entry.GetProperty("id").GetString());

    private static async Task<string?> NextLineAsync(StreamReader reader, string wanted)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line == wanted)
            {
                return line;
            }
        }

        return null;
    }
}
