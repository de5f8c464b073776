using System.Text;
using System.Text.Json.Nodes;
using CtfService.Api.Batches.Requests;
using CtfService.Jobs.Work;
using CtfService.TestSupport;

namespace CtfService.Api.Tests.Batches;

/// <summary>Which input files are refused, with which problems, and how the others are cut into shards.</summary>
public sealed class BatchPreparationTests
{
    [Theory]
    [InlineData("{\"custom_id\": \"a\"", "invalid_json_line", null)]
    [InlineData("nonsense", "invalid_json_line", null)]
    [InlineData("{} {}", "invalid_json_line", null)]
    [InlineData("[1]", "invalid_json_line", null)]
    [InlineData("\"text\"", "invalid_json_line", null)]
    [InlineData("{\"method\": \"POST\", \"url\": \"URL\", \"body\": {\"class_label\": 0}}", "required", "custom_id")]
    [InlineData("{\"custom_id\": \"x\", \"url\": \"URL\", \"body\": {\"class_label\": 0}}", "required", "method")]
    [InlineData("{\"custom_id\": \"x\", \"method\": \"POST\", \"body\": {\"class_label\": 0}}", "required", "url")]
    [InlineData("{\"custom_id\": \"x\", \"method\": \"POST\", \"url\": \"URL\"}", "required", "body")]
    [InlineData("{\"custom_id\": 7, \"method\": \"POST\", \"url\": \"URL\", \"body\": {\"class_label\": 0}}", "wrong_type", "custom_id")]
    [InlineData("{\"custom_id\": \"\", \"method\": \"POST\", \"url\": \"URL\", \"body\": {\"class_label\": 0}}", "invalid_custom_id", "custom_id")]
    [InlineData("{\"custom_id\": \"\\ud800\", \"method\": \"POST\", \"url\": \"URL\", \"body\": {\"class_label\": 0}}", "wrong_type", "custom_id")]
    [InlineData("{\"custom_id\": \"x\", \"method\": \"GET\", \"url\": \"URL\", \"body\": {\"class_label\": 0}}", "invalid_method", "method")]
    [InlineData("{\"custom_id\": \"x\", \"method\": \"POST\", \"url\": \"/v1/images/redetail\", \"body\": {\"class_label\": 0}}", "mismatched_url", "url")]
    [InlineData("{\"custom_id\": \"x\", \"method\": \"POST\", \"url\": \"URL\", \"body\": [1]}", "wrong_type", "body")]
    [InlineData("{\"custom_id\": \"x\", \"method\": \"POST\", \"url\": \"URL\", \"body\": null}", "wrong_type", "body")]
    [InlineData("{\"custom_id\": \"x\", \"method\": \"POST\", \"url\": \"URL\", \"body\": {}, \"priority\": 1}", "unknown_field", "priority")]
    [InlineData("{\"custom_id\": \"x\", \"custom_id\": \"y\", \"method\": \"POST\", \"url\": \"URL\", \"body\": {}}", "duplicate_field", "custom_id")]
    public async Task Prepare_WrongLine_IsRefusedWithLineAndField(string line, string code, string? param)
    {
        await using var bench = await BatchBench.CreateAsync();
        var wrong = line.Replace("URL", BatchBench.Generations, StringComparison.Ordinal);

        var errors = await bench.Refusals(bench.Job($"{BatchBench.Line("a", "{\"class_label\": 0}")}\n{wrong}\n"));

        Assert.Equal((code, param, 2L), (errors[0].Code, errors[0].Param, errors[0].Line));
        Assert.NotEmpty(errors[0].Message);
    }

    [Fact]
    public async Task Prepare_MoreImagesThanTheOwnerHasLeftToday_IsRefusedAndChargedNothing()
    {
        await using var bench = await BatchBench.CreateAsync(("Security:ImagesPerDay", "5"));
        var three = BatchBench.Line("a", "{\"class_label\": 0, \"n\": 3}");
        var six = $"{three}\n{BatchBench.Line("b", "{\"class_label\": 0, \"n\": 3}")}";

        Assert.Equal("more_than_rate_limit", Assert.Single(await bench.Refusals(bench.Job(six))).Code);
        Assert.Single(await bench.Prepare(bench.Job(three)));
        Assert.Single(await bench.Prepare(bench.Job(three))); // again, after a restart: charged once
        bench.Files.Files.Clear();
        var refusal = Assert.Single(await bench.Refusals(bench.Job(three)));

        Assert.Equal("rate_limit_exceeded", refusal.Code);
        Assert.Contains("has used 3 of its 5 images per day", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"class_label\": \"bananna\"}", "unknown_class", "body.class_label")]
    [InlineData("{\"class_label\": 0, \"n\": 17}", "out_of_range", "body.n")]
    [InlineData("{\"class_label\": 0, \"n\": \"two\"}", "wrong_type", "body.n")]
    [InlineData("{\"class_label\": 0, \"steps\": 30}", "unknown_field", "body.steps")]
    [InlineData("{\"class_label\": 0, \"fine\": {\"top_k\": -1}}", "out_of_range", "body.fine.top_k")]
    [InlineData("{\"class_label\": 0, \"n\": 1, \"n\": 2}", "duplicate_field", "body.n")]
    [InlineData("{\"class_label\": 0, \"model\": \"other\"}", "model_not_found", "body.model")]
    [InlineData("{\"class_label\": 0, \"stream\": true}", "unsupported_value", "body.stream")]
    [InlineData("{\"class_label\": 0, \"timeout_ms\": 0}", "out_of_range", "body.timeout_ms")]
    [InlineData("{}", "required", "body.class_label")]
    public async Task Prepare_InvalidBody_IsRefusedWithTheErrorOfTheRoute(string body, string code, string param)
    {
        await using var bench = await BatchBench.CreateAsync();

        var error = Assert.Single(await bench.Refusals(bench.Job(BatchBench.Line("a", body))));

        Assert.Equal((code, param, 1L), (error.Code, error.Param, error.Line));
    }

    [Fact]
    public async Task Prepare_SeveralMistakes_AllAreReported()
    {
        await using var bench = await BatchBench.CreateAsync();
        string[] lines =
        [
            BatchBench.Line("a", """{"class_label": 0, "n": 99, "temperature": 99}"""), "nonsense", BatchBench.Line("b", """{"class_label": 0}"""),
            BatchBench.Line("b", """{"class_label": 0}"""),
        ];

        var errors = await bench.Refusals(bench.Job(string.Join('\n', lines)));

        Assert.Equal(
            [(1L, "body.temperature"), (1L, "body.n"), (2L, null), (4L, "custom_id")], errors.Select(error => (error.Line ?? 0, error.Param)));
        Assert.Contains("line 3", errors[^1].Message, StringComparison.Ordinal);
        Assert.Equal(["uploads/input"], bench.Files.Files.Keys); // nothing is left behind
    }

    [Fact]
    public async Task Prepare_ThousandsOfMistakes_TheFirstHundredAreReported()
    {
        await using var bench = await BatchBench.CreateAsync();

        var errors = await bench.Refusals(bench.Job(string.Join('\n', Enumerable.Repeat("nonsense", 5_000))));

        Assert.Equal(Enumerable.Range(1, 100), errors.Select(error => (int)error.Line!));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\r\n")]
    [InlineData("\uFEFF")]
    public async Task Prepare_NoRequests_IsRefused(string input)
    {
        await using var bench = await BatchBench.CreateAsync();

        var error = Assert.Single(await bench.Refusals(bench.Job(input)));

        Assert.Equal(("empty_file", null, "input_file_id"), (error.Code, error.Line, error.Param));
    }

    [Fact]
    public async Task Prepare_ByteOrderMarkCrLfAndBlankLastLines_AreAccepted()
    {
        await using var bench = await BatchBench.CreateAsync();
        var lines = Enumerable.Range(0, 5).Select(i => BatchBench.Line($"{i}", $$"""{"class_label": {{i}}}"""));

        var end = await bench.Complete(bench.Job($"\uFEFF{string.Join("\r\n", lines)}\r\n\r\n\n"));

        Assert.Equal(["0", "1", "2", "3", "4"], end.OutputLines.Select(line => (string?)line["custom_id"]));
    }

    [Fact]
    public async Task Prepare_BlankLineBetweenRequests_IsRefused()
    {
        await using var bench = await BatchBench.CreateAsync();
        var line = BatchBench.Line("a", """{"class_label": 0}""");

        var error = Assert.Single(await bench.Refusals(bench.Job($"{line}\n\n{line.Replace("\"a\"", "\"b\"", StringComparison.Ordinal)}\n")));

        Assert.Equal(("invalid_json_line", 2L), (error.Code, error.Line));
    }

    [Fact]
    public async Task Prepare_NotUtf8_IsRefused()
    {
        await using var bench = await BatchBench.CreateAsync();
        byte[] input = [.. Encoding.UTF8.GetBytes(BatchBench.Line("a", """{"class_label": 0}""")), (byte)'\n', 0xFF, 0xFE];

        var error = Assert.Single(await bench.Refusals(bench.Job(input)));

        Assert.Equal(("invalid_utf8", 2L), (error.Code, error.Line));
    }

    [Fact]
    public async Task Prepare_LineLongerThanTheRouteAccepts_IsRefusedAndTheOthersAreChecked()
    {
        await using var bench = await BatchBench.CreateAsync();
        var longBody = $$"""{"class_label": 0, "user": "{{new string('u', 200_000)}}"}""";

        var errors = await bench.Refusals(bench.Job($"{BatchBench.Line("a", longBody)}\nnonsense\n"));

        Assert.Equal([("line_too_long", 1L), ("invalid_json_line", 2L)], errors.Select(error => (error.Code, error.Line ?? 0)));
        Assert.Contains("Limits:MaxRequestBodyBytes", errors[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prepare_MoreRequestsThanAllowed_IsRefused()
    {
        await using var bench = await BatchBench.CreateAsync(("Jobs:MaxBatchRequests", "2"));
        var lines = Enumerable.Range(0, 3).Select(i => BatchBench.Line($"{i}", """{"class_label": 0}"""));

        var error = Assert.Single(await bench.Refusals(bench.Job(string.Join('\n', lines))));

        Assert.Equal(("too_many_requests", 3L), (error.Code, error.Line));
    }

    [Fact]
    public async Task Prepare_MoreImagesThanAllowed_IsRefused()
    {
        await using var bench = await BatchBench.CreateAsync(("Jobs:MaxImages", "4"));
        var lines = Enumerable.Range(0, 3).Select(i => BatchBench.Line($"{i}", """{"class_label": 0, "n": 2}"""));

        var error = Assert.Single(await bench.Refusals(bench.Job(string.Join('\n', lines))));

        Assert.Equal(("too_many_images", 3L, "body.n"), (error.Code, error.Line, error.Param));
    }

    [Fact]
    public async Task Prepare_UnfinishedImagesOfTheKeyAboveItsQuota_IsRefused()
    {
        await using var bench = await BatchBench.CreateAsync(("Jobs:MaxUnfinishedImages", "10"));
        bench.Jobs.UnfinishedImages = 7;

        Assert.Single(await bench.Prepare(bench.Job(BatchBench.Line("a", """{"class_label": 0, "n": 3}"""))));
        bench.Files.Files.Clear();
        var error = Assert.Single(await bench.Refusals(bench.Job(BatchBench.Line("a", """{"class_label": 0, "n": 4}"""))));

        Assert.Equal("image_limit_exceeded", error.Code);
    }

    [Fact]
    public async Task Prepare_InputWasDeleted_IsRefused()
    {
        await using var bench = await BatchBench.CreateAsync();
        var job = bench.Job(BatchBench.Line("a", """{"class_label": 0}"""));
        bench.Files.Files.Clear();

        var error = Assert.Single(await bench.Refusals(job));

        Assert.Equal(("file_not_found", "input_file_id"), (error.Code, error.Param));
    }

    [Fact]
    public async Task Prepare_ValidFile_ShardsHoldWholeRequestsAndAtMostTheirImages()
    {
        await using var bench = await BatchBench.CreateAsync(); // 3 images a shard
        int[] images = [1, 2, 2, 5, 1, 1, 1, 1];
        var lines = images.Select((n, i) => BatchBench.Line($"{i}", $$"""{"class_label": 0, "n": {{n}}}"""));

        var plan = await bench.Handler.PrepareAsync(bench.Job(string.Join('\n', lines)), CancellationToken.None);

        Assert.Equal([2, 1, 1, 3, 1], plan.Counts);
        Assert.Equal(14, plan.Images);
    }

    [Fact]
    public async Task Prepare_RunsAgainWithOtherSettingsAndAnotherModel_KeepsTheFirstPlan()
    {
        await using var bench = await BatchBench.CreateAsync();
        var job = bench.Job(string.Join('\n', Enumerable.Range(0, 9).Select(i => BatchBench.Line($"{i}", """{"class_label": 0}"""))));
        var first = await bench.Handler.PrepareAsync(job, CancellationToken.None);
        await using var other = await bench.AnotherAsync(
            new FakeImageGeneratorFactory { Generator = new FakeImageGenerator(FakeModels.OtherFruits) }, ("Jobs:ShardImages", "5"));

        var second = await other.Handler.PrepareAsync(job, CancellationToken.None);

        Assert.Equal(first.Counts, second.Counts);
        Assert.Equal(FakeModels.Fruits.BundleHash, (string?)JsonNode.Parse(bench.Files.Text(BatchFiles.Prepared(job)))!["BundleHash"]);
    }

    [Theory]
    [InlineData("requests.jsonl")]
    [InlineData("prepared.json")]
    public async Task Prepare_EndsBeforeAFileAppears_SucceedsTheNextTime(string file)
    {
        await using var bench = await BatchBench.CreateAsync();
        var job = bench.Job(BatchBench.Line("a", """{"class_label": 0}"""));
        bench.Files.BeforePublish = name => _ = name.EndsWith(file, StringComparison.Ordinal) ? throw new IOException("killed") : 0;
        await Assert.ThrowsAsync<IOException>(() => bench.Handler.PrepareAsync(job, CancellationToken.None));
        bench.Files.BeforePublish = _ => { };

        Assert.Single(await bench.Prepare(job));
    }

    [Fact]
    public async Task Prepare_ModelIsLoading_IsPostponed()
    {
        var model = new FakeImageGeneratorFactory();
        using var gate = model.HoldNextLoad();
        await using var bench = BatchBench.Start(model);

        await Assert.ThrowsAsync<ShardPostponedException>(
            () => bench.Handler.PrepareAsync(bench.Job(BatchBench.Line("a", """{"class_label": 0}""")), CancellationToken.None));
    }
}
