#pragma warning disable OPENAI001 // the client calls its batches experimental
using System.ClientModel;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CtfService.Model.Imaging;
using OpenAI;
using OpenAI.Batch;
using OpenAI.Files;

namespace CtfService.EndToEnd.Tests.Batches;

/// <summary>OpenAI's client for .NET runs batches on the service from the upload to the output.</summary>
public sealed class OpenAiDotNetBatchTests(BatchService service) : IClassFixture<BatchService>
{
    private const string Generations = "/v1/images/generations";

    private readonly OpenAIFileClient _files =
        new(new ApiKeyCredential(BatchService.Key), new OpenAIClientOptions { Endpoint = service.Address });

    private readonly BatchClient _batches = new(new ApiKeyCredential(BatchService.Key), new BatchClientOptions { Endpoint = service.Address });

    [Fact]
    public async Task Batch_ValidFile_ReturnsAnImageForEachLine()
    {
        var operation = await Create([.. Enumerable.Range(0, 20).Select(i => Line($"row-{i}", $$"""{"class_label": {{i}}, "seed": {{i}}}"""))]);

        var batch = await End(operation);

        Assert.Equal("completed", (string?)batch["status"]);
        Assert.Equal("""{"total":20,"completed":20,"failed":0}""", batch["request_counts"]!.ToJsonString());
        Assert.Null(batch["error_file_id"]);
        var lines = await Download((string)batch["output_file_id"]!);
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"row-{i}"), lines.Select(line => (string?)line["custom_id"]));
        Assert.All(lines, line =>
        {
            var image = line["response"]!["body"]!["data"]![0]!;
            var picture = ImageCodec.Decode(Convert.FromBase64String((string)image["b64_json"]!));
            Assert.Equal((64, 64), (picture.Width, picture.Height));
            Assert.Equal((string?)line["custom_id"], $"row-{(int)image["seed"]!}");
        });
        OpenAIFile file = await _files.GetFileAsync((string)batch["output_file_id"]!);
        Assert.Equal(FilePurpose.BatchOutput, file.Purpose);
    }

    [Fact]
    public async Task Batch_LineWithAMistake_FailsAndNamesLineAndField()
    {
        var operation = await Create([Line("good", """{"class_label": "banana"}"""), Line("bad", """{"class_label": "banana", "n": 1000}""")]);

        var batch = await End(operation);

        Assert.Equal("failed", (string?)batch["status"]);
        var error = Assert.Single(batch["errors"]!["data"]!.AsArray())!;
        Assert.Equal((2, "body.n", "out_of_range"), ((int)error["line"]!, (string?)error["param"], (string?)error["code"]));
    }

    [Fact]
    public async Task Batch_CancelledWhileItRuns_HasAnErrorForEachLineThatDidNotRun()
    {
        var operation = await Create([.. Enumerable.Range(0, 600).Select(i => Line($"{i}", """{"class_label": "banana"}"""))]);
        await Until(operation, batch => (string?)batch["status"] == "in_progress" && (int)batch["request_counts"]!["completed"]! > 0);

        await operation.CancelAsync(options: null);
        var batch = await End(operation);

        Assert.Equal("cancelled", (string?)batch["status"]);
        Assert.NotNull(batch["cancelling_at"]);
        var done = await Download((string)batch["output_file_id"]!);
        var notRun = await Download((string)batch["error_file_id"]!);
        Assert.Equal(Enumerable.Range(0, 600), done.Concat(notRun).Select(line => int.Parse((string)line["custom_id"]!, provider: null)).Order());
        Assert.All(notRun, line => Assert.Equal("batch_cancelled", (string?)line["error"]!["code"]));
    }

    [Fact]
    public async Task List_SeveralPages_HasEveryBatch()
    {
        List<string> created = [];
        for (var i = 0; i < 3; i++)
        {
            created.Add((await Create([Line("one", """{"class_label": 0}""")])).BatchId);
        }

        List<string> listed = [];
        await foreach (var batch in _batches.GetBatchesAsync(new BatchCollectionOptions { PageSizeLimit = 2 }))
        {
            listed.Add(batch.Id);
        }

        Assert.Empty(created.Except(listed));
        Assert.Equal(listed.Count, listed.Distinct().Count());
    }

    private static string Line(string customId, string body) =>
        $$"""{"custom_id": "{{customId}}", "method": "POST", "url": "{{Generations}}", "body": {{body}}}""";

    private async Task<CreateBatchOperation> Create(IReadOnlyList<string> lines)
    {
        OpenAIFile input = await _files.UploadFileAsync(BinaryData.FromString(string.Join('\n', lines)), "requests.jsonl", FileUploadPurpose.Batch);
        var request = new { input_file_id = input.Id, endpoint = Generations, completion_window = "24h", metadata = new { run = "test" } };
        return await _batches.CreateBatchAsync(BinaryContent.Create(BinaryData.FromObjectAsJson(request)), waitUntilCompleted: false);
    }

    private static Task<JsonObject> End(CreateBatchOperation operation) => Until(operation, _ => false);

    /// <summary>Polls until the batch is there or has ended.</summary>
    private static async Task<JsonObject> Until(CreateBatchOperation operation, Predicate<JsonObject> isReached)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        while (true)
        {
            var answer = await operation.GetBatchAsync(options: null);
            var batch = JsonSerializer.Deserialize<JsonObject>(answer.GetRawResponse().Content)!;
            if (isReached(batch) || (string?)batch["status"] is "completed" or "failed" or "expired" or "cancelled")
            {
                return batch;
            }

            Assert.False(timeout.IsCancellationRequested, $"The batch did not get there in time: {batch}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }

    private async Task<IReadOnlyList<JsonNode>> Download(string fileId)
    {
        BinaryData content = await _files.DownloadFileAsync(fileId);
        return [.. Encoding.UTF8.GetString(content).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
    }
}
