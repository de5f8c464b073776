using System.Text.Json.Nodes;
using CtfService.Api.Batches.Requests;
using CtfService.Core.Generation;
using CtfService.Jobs.Work;
using CtfService.TestSupport;

namespace CtfService.Api.Tests.Batches;

/// <summary>How the requests of a batch run, and what their lines contain.</summary>
public sealed class BatchRunTests
{
    [Fact]
    public async Task Run_RequestsOfEveryKind_LinesAreInOrderAndHaveTheFieldsOfTheRoute()
    {
        await using var bench = await BatchBench.CreateAsync();
        string[] bodies =
        [
            """{"class_label": "banana", "seed": 7, "n": 2, "output_format": "webp", "include": ["layout"], "response_format": "url"}""",
            """{"prompt": "a bananna", "seed": 8}""", """{"class_label": 4, "seed": 18446744073709551615}""",
        ];

        var end = await bench.Complete(bench.Job(string.Join('\n', bodies.Select((body, i) => BatchBench.Line($"row {i}", body)))));

        Assert.Null(end.Errors);
        Assert.Equal(["row 0", "row 1", "row 2"], end.OutputLines.Select(line => (string?)line["custom_id"]));
        foreach (var (line, body) in end.OutputLines.Zip(bodies))
        {
            Assert.Equal(["id", "custom_id", "response", "error"], line.AsObject().Select(field => field.Key));
            Assert.Null(line["error"]);
            Assert.Equal(["status_code", "request_id", "body"], line["response"]!.AsObject().Select(field => field.Key));
            Assert.Equal(200, (int)line["response"]!["status_code"]!);
            using var response = await bench.Api.PostImages(body);
            var expected = JsonNode.Parse(await response.Content.ReadAsStringAsync())!.AsObject();
            expected["created"] = 1_000; // when the batch was created
            Assert.True(expected.Remove("timings"));
            Assert.True(JsonNode.DeepEquals(expected, line["response"]!["body"]), $"{expected}\n{line["response"]!["body"]}");
        }

        var ids = end.OutputLines.SelectMany(line => new[] { (string)line["id"]!, (string)line["response"]!["request_id"]! }).ToList();
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.All(end.OutputLines, line => Assert.StartsWith("batch_req_", (string)line["id"]!, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_TwiceFromTheStart_GivesEqualBytes()
    {
        await using var first = await BatchBench.CreateAsync();
        await using var second = await BatchBench.CreateAsync(("Jobs:ShardImages", "2"));
        var input = Input(7); // without seeds

        var one = await first.Complete(first.Job(input));
        second.Api.Clock.Advance(TimeSpan.FromHours(5));
        var other = await second.Complete(second.Job(input));

        Assert.Equal(one.Output, other.Output);
        Assert.True(JsonNode.DeepEquals(one.Result, other.Result));
        var seeds = one.OutputLines.Select(line => (ulong)line["response"]!["body"]!["data"]![0]!["seed"]!).ToList();
        Assert.Equal(7, seeds.Distinct().Count());
        Assert.All(seeds, seed => Assert.True(seed < 1UL << 53));
    }

    [Fact]
    public async Task Run_TwoWorkersAtTheSameShard_OneResultCounts()
    {
        await using var bench = await BatchBench.CreateAsync();
        await using var other = await bench.AnotherAsync(new FakeImageGeneratorFactory());
        var job = bench.Job(Input(3));
        var shard = Assert.Single(await bench.Prepare(job));

        var results = await Task.WhenAll(bench.Run(job, shard), other.Run(job, shard));

        Assert.All(results, result => Assert.Equal((3, 0), (result.Done, result.Failed)));
        Assert.Equal(3, (await bench.Finish(job, [results[0]])).OutputLines.Count);
    }

    [Fact]
    public async Task Run_SeveralRequests_ShareSteps()
    {
        await using var bench = await BatchBench.CreateAsync(("Jobs:ShardImages", "100"));
        bench.Api.Generator.StepsPerImage = 4;

        await bench.Complete(bench.Job(Input(8)));

        Assert.Contains(bench.Api.Generator.Steps, images => images.Count > 1);
    }

    [Fact]
    public async Task Run_MoreRequestsThanTheWindow_AllEndInOrder()
    {
        await using var bench = await BatchBench.CreateAsync(("Jobs:ShardImages", "500"), ("Inference:MaxBatchRows", "2"), ("Inference:MaxQueuedImages", "16"));

        var end = await bench.Complete(bench.Job(Input(100)));

        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"{i}"), end.OutputLines.Select(line => (string?)line["custom_id"]));
    }

    [Fact]
    public async Task Run_TimeoutOfARequestPasses_RunsNevertheless()
    {
        await using var bench = await BatchBench.CreateAsync();
        var job = bench.Job(BatchBench.Line("a", """{"class_label": 0, "timeout_ms": 1}"""));
        var shard = Assert.Single(await bench.Prepare(job));
        using var gate = bench.Api.Generator.HoldNextStep();

        var running = bench.Run(job, shard);
        await gate.Entered;
        bench.Api.Clock.Advance(TimeSpan.FromDays(1));
        gate.Open();

        Assert.Equal(1, (await running).Done);
    }

    [Fact]
    public async Task Run_AStepFails_TheAttemptFails()
    {
        await using var bench = await BatchBench.CreateAsync();
        var job = bench.Job(Input(3));
        var shard = Assert.Single(await bench.Prepare(job));
        bench.Api.Generator.FailNextStep(new InvalidOperationException("Broken."));

        await Assert.ThrowsAsync<GenerationFailedException>(() => bench.Run(job, shard));

        Assert.DoesNotContain(bench.Files.Files.Keys, name => name.Contains("part-", StringComparison.Ordinal));
        Assert.Equal(3, (await bench.Run(job, shard)).Done);
    }

    [Fact]
    public async Task Run_AStepFailsInTheLastAttempt_ItsRequestsFailAndTheOthersSucceed()
    {
        await using var bench = await BatchBench.CreateAsync(("Inference:MaxBatchRows", "2"));
        bench.Api.Generator.Rows = 2; // one image a step, because all are guided
        var job = bench.Job(Input(3));
        var shard = Assert.Single(await bench.Prepare(job)) with { Attempts = 3 };
        bench.Api.Generator.FailNextStep(new InvalidOperationException("Broken."));

        var done = await bench.Run(job, shard);
        var end = await bench.Finish(job, [done]);

        Assert.Equal((2, 1), (done.Done, done.Failed));
        Assert.Equal(["1", "2"], end.OutputLines.Select(line => (string?)line["custom_id"]));
        var failed = Assert.Single(end.ErrorLines);
        Assert.Equal("0", (string?)failed["custom_id"]);
        Assert.Null(failed["error"]);
        Assert.Equal(500, (int)failed["response"]!["status_code"]!);
        Assert.Equal("generation_failed", (string?)failed["response"]!["body"]!["error"]!["code"]);
        Assert.StartsWith("req_", (string?)failed["response"]!["request_id"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_LimitWasLoweredSinceValidation_TheRequestFailsWithTheErrorOfTheRoute()
    {
        await using var bench = await BatchBench.CreateAsync();
        await using var stricter = await bench.AnotherAsync(new FakeImageGeneratorFactory(), ("Limits:MaxImagesPerRequest", "1"));
        var job = bench.Job($"{BatchBench.Line("a", """{"class_label": 0, "n": 2}""")}\n{BatchBench.Line("b", """{"class_label": 0}""")}");
        var shard = Assert.Single(await bench.Prepare(job));

        var end = await stricter.Finish(job, [await stricter.Run(job, shard)]);

        Assert.Equal("b", (string?)Assert.Single(end.OutputLines)["custom_id"]);
        var failed = Assert.Single(end.ErrorLines)["response"]!;
        var error = failed["body"]!["error"]!;
        Assert.Equal((400, "out_of_range", "n"), ((int)failed["status_code"]!, (string?)error["code"], (string?)error["param"]));
    }

    [Fact]
    public async Task Run_AnotherModelIsLoaded_IsPostponed()
    {
        await using var bench = await BatchBench.CreateAsync();
        var job = bench.Job(Input(3));
        var shard = Assert.Single(await bench.Prepare(job));
        await using var other = await bench.AnotherAsync(new FakeImageGeneratorFactory { Generator = new FakeImageGenerator(FakeModels.OtherFruits) });

        var postponed = await Assert.ThrowsAsync<ShardPostponedException>(() => other.Run(job, shard));

        Assert.Contains("'fruits-fake'", postponed.Message, StringComparison.Ordinal);
        Assert.Contains("'other-fruits-fake'", postponed.Message, StringComparison.Ordinal);
        Assert.Equal(3, (await bench.Run(job, shard)).Done);
    }

    [Fact]
    public async Task Run_IsCancelled_StopsAndPublishesNothing()
    {
        await using var bench = await BatchBench.CreateAsync();
        var job = bench.Job(Input(3));
        var shard = Assert.Single(await bench.Prepare(job));
        using var gate = bench.Api.Generator.HoldNextStep();
        using var stop = new CancellationTokenSource();

        var running = bench.Handler.RunAsync(job, shard, stop.Token);
        await gate.Entered;
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.DoesNotContain(bench.Files.Files.Keys, name => name.Contains("part-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_InputWasDeletedAfterValidation_RunsFromTheCopy()
    {
        await using var bench = await BatchBench.CreateAsync();
        var job = bench.Job(Input(3));
        var shard = Assert.Single(await bench.Prepare(job));
        bench.Files.Files.TryRemove("uploads/input", out _);

        Assert.Equal(3, (await bench.Run(job, shard)).Done);
    }

    [Fact]
    public void Seed_OfBatchAndLine_NeverChanges() =>
        Assert.Equal(2_918_020_693_225_984UL, BatchIds.Seed(Named("batch_0123456789abcdef"), line: 1)); // computed by Python's hashlib

    private static Job Named(string id) => new()
    {
        Id = id,
        Kind = "batch",
        Tenant = "",
        Weight = 1,
        Specification = "{}",
        State = JobState.InProgress,
        CreatedAt = default,
        ExpiresAt = default,
    };

    private static string Input(int requests) =>
        string.Join('\n', Enumerable.Range(0, requests).Select(i => BatchBench.Line($"{i}", $$"""{"class_label": {{i % 5}}}""")));
}
