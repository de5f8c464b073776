using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using CtfService.Jobs.Files;
using CtfService.Jobs.Store;
using CtfService.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.Api.Tests.Batches;

/// <summary>Batches from the request to the output, with the engine, the database and the files of the service.</summary>
public sealed class BatchEngineTests : IDisposable
{
    private const string Address = "/v1/batches";

    private readonly TemporaryFolder _storage = new();

    [Fact]
    public async Task Batch_ValidFile_EndsWithItsOutput()
    {
        await using var api = await Start();

        var batch = await End(api, await Create(api, requests: 10));

        Assert.Equal("completed", (string?)batch["status"]);
        Assert.Equal("""{"total":10,"completed":10,"failed":0}""", batch["request_counts"]!.ToJsonString());
        Assert.NotNull(batch["in_progress_at"]);
        Assert.NotNull(batch["finalizing_at"]);
        Assert.NotNull(batch["completed_at"]);
        Assert.Null(batch["error_file_id"]);
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"{i}"), (await Output(api, batch)).Select(line => (string?)line["custom_id"]));
    }

    [Fact]
    public async Task Batch_InvalidLine_EndsAsFailedWithErrors()
    {
        await using var api = await Start();

        var batch = await End(api, await Create(api, requests: 2, extra: "nonsense"));

        Assert.Equal("failed", (string?)batch["status"]);
        Assert.Equal(3, (int)Assert.Single(batch["errors"]!["data"]!.AsArray())!["line"]!);
        Assert.Null(batch["output_file_id"]);
    }

    [Fact]
    public async Task Batch_CancelledInTheMiddleOfAShard_EndsWithAnErrorForEachRequest()
    {
        await using var api = await Start();
        using var gate = api.Generator.HoldNextStep();
        var id = await Create(api, requests: 10);
        await gate.Entered;

        using var response = await api.Client.PostAsync(new Uri($"{Address}/{id}/cancel", UriKind.Relative), content: null);
        var cancelling = (await response.Content.ReadFromJsonAsync<JsonObject>())!;
        gate.Open();
        var batch = await End(api, id);

        Assert.Equal("cancelling", (string?)cancelling["status"]);
        Assert.Equal("cancelled", (string?)batch["status"]);
        var lines = (await Output(api, batch)).Concat(await Output(api, batch, "error_file_id")).ToList();
        Assert.Equal(Enumerable.Range(0, 10), lines.Select(line => int.Parse((string)line["custom_id"]!, provider: null)).Order());
        Assert.Contains(lines, line => (string?)line["error"]?["code"] == "batch_cancelled");
    }

    [Fact]
    public async Task Batch_ServiceStopsInTheMiddle_GoesOnAtTheNextStart()
    {
        string id;
        await using (var first = await Start())
        {
            using var gate = first.Generator.HoldNextStep();
            id = await Create(first, requests: 10);
            await gate.Entered;
        }

        await using var second = await Start();
        var batch = await End(second, id);

        Assert.Equal("completed", (string?)batch["status"]);
        Assert.Equal(Enumerable.Range(0, 10).Select(i => (ulong)i), (await Output(second, batch)).Select(
            line => (ulong)line["response"]!["body"]!["data"]![0]!["seed"]!));
    }

    public void Dispose() => _storage.Dispose();

    private async Task<TestApi> Start()
    {
        var api = new TestApi { Settings = { ["Storage:Folder"] = _storage.Root, ["Jobs:ShardImages"] = "3" } };
        await api.InitializeAsync();
        return api;
    }

    /// <summary>Uploads a file and creates a batch of it; returns its id.</summary>
    private static async Task<string> Create(TestApi api, int requests, string extra = "")
    {
        var lines = Enumerable.Range(0, requests).Select(i => BatchBench.Line($"{i}", $$"""{"class_label": {{i % 5}}, "seed": {{i}}}"""));
        var input = Encoding.UTF8.GetBytes($"{string.Join('\n', lines)}\n{extra}");
        await api.Services.GetRequiredService<IFileStore>().PublishAsync(
            "uploads/input", async (stream, cancel) => await stream.WriteAsync(input, cancel), CancellationToken.None);
        await api.Services.GetRequiredService<IUploadCatalog>().AddAsync(
            new UploadedFile("file-input", "", "requests.jsonl", input.Length, "batch", "uploads/input", api.Clock.GetUtcNow(), ExpiresAt: null),
            CancellationToken.None);
        using var response = await api.Client.PostAsJsonAsync(
            Address, new { input_file_id = "file-input", endpoint = TestApi.Images, completion_window = "24h" });
        return (string)(await response.Content.ReadFromJsonAsync<JsonObject>())!["id"]!;
    }

    private static async Task<JsonObject> End(TestApi api, string id)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (true)
        {
            var batch = (await api.Client.GetFromJsonAsync<JsonObject>($"{Address}/{id}", timeout.Token))!;
            if ((string?)batch["status"] is "completed" or "failed" or "expired" or "cancelled")
            {
                return batch;
            }

            api.Clock.Advance(TimeSpan.FromSeconds(2)); // the next turn of the engine
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, timeout.Token);
        }
    }

    private static async Task<IReadOnlyList<JsonNode>> Output(TestApi api, JsonObject batch, string field = "output_file_id")
    {
        if ((string?)batch[field] is not { } id)
        {
            return [];
        }

        var file = (await api.Services.GetRequiredService<IUploadCatalog>().FindAsync("", id, CancellationToken.None))!;
        await using var content = (await api.Services.GetRequiredService<IFileStore>().OpenAsync(file.StoredName, 0, length: null, CancellationToken.None))!;
        using var text = new StreamReader(content);
        return [.. (await text.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
    }
}
