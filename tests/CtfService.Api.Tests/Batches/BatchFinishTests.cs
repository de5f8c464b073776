using System.Text;
using System.Text.Json.Nodes;
using CtfService.Api.Batches.Requests;
using CtfService.Jobs.Work;

namespace CtfService.Api.Tests.Batches;

/// <summary>How the output of a batch is put together, also if the process ends between any two steps.</summary>
public sealed class BatchFinishTests
{
    [Fact]
    public async Task Finish_AllSucceeded_TheOwnerHasAnOutputFileOnly()
    {
        await using var bench = await BatchBench.CreateAsync();
        var job = bench.Job(Input(7), tenant: "studio", outputSeconds: 3_600);

        var end = await bench.Complete(job);

        var file = Assert.Single(bench.Catalog.Rows.Values);
        Assert.Equal((string?)end.Result["OutputFileId"], file.Id);
        Assert.Null(end.Result["ErrorFileId"]);
        Assert.Equal(("studio", "batch_output", $"{job.Id}_output.jsonl", end.Output!.Length), (file.Tenant, file.Purpose, file.FileName, file.Bytes));
        Assert.Equal((job.FinalizingAt, job.FinalizingAt?.AddHours(1)), ((DateTimeOffset?)file.CreatedAt, file.ExpiresAt));
        Assert.Equal(bench.Files.Files[file.StoredName], end.Output);
        Assert.Equal(("fruits-fake", 7, 28), ((string?)end.Result["Model"], (int)end.Result["InputTokens"]!, (int)end.Result["OutputTokens"]!));
        Assert.Equal(
            [$"jobs/{job.Id}/output.jsonl", $"jobs/{job.Id}/result.json", "uploads/input"], bench.Files.Files.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(false, "batch_expired")]
    [InlineData(true, "batch_cancelled")]
    public async Task Finish_ShardsDidNotRun_TheirRequestsAreInTheErrorFile(bool isCancelled, string code)
    {
        await using var bench = await BatchBench.CreateAsync();
        var job = bench.Job(Input(9)) with { CancelRequestedAt = isCancelled ? DateTimeOffset.UnixEpoch : null };
        var shards = await bench.Prepare(job);

        var end = await bench.Finish(
            job, [shards[0] with { State = ShardState.Skipped }, await bench.Run(job, shards[1]), shards[2] with { State = ShardState.Skipped }]);

        Assert.Equal(["3", "4", "5"], end.OutputLines.Select(line => (string?)line["custom_id"]));
        Assert.Equal(["0", "1", "2", "6", "7", "8"], end.ErrorLines.Select(line => (string?)line["custom_id"]));
        Assert.All(end.ErrorLines, line => Assert.Equal((null, code), (line["response"], (string?)line["error"]!["code"])));
        Assert.Equal(2, bench.Catalog.Rows.Count);
    }

    [Fact]
    public async Task Finish_AShardWasGivenUp_ItsRequestsHaveTheCause()
    {
        await using var bench = await BatchBench.CreateAsync();
        var job = bench.Job(Input(6));
        var shards = await bench.Prepare(job);

        var end = await bench.Finish(
            job, [await bench.Run(job, shards[0]), shards[1] with { State = ShardState.Failed, Attempts = 3, Error = "The worker disappeared." }]);

        Assert.Equal(["3", "4", "5"], end.ErrorLines.Select(line => (string?)line["custom_id"]));
        Assert.All(end.ErrorLines, line => Assert.Equal("shard_failed", (string?)line["error"]!["code"]));
        Assert.All(end.ErrorLines, line => Assert.Contains("The worker disappeared.", (string?)line["error"]!["message"], StringComparison.Ordinal));
    }

    [Fact]
    public async Task Finish_NothingSucceeded_ThereIsAnErrorFileOnly()
    {
        await using var bench = await BatchBench.CreateAsync();
        var job = bench.Job(Input(2));
        var shards = await bench.Prepare(job);

        var end = await bench.Finish(job, [.. shards.Select(shard => shard with { State = ShardState.Skipped })]);

        Assert.Null(end.Output);
        Assert.Null(end.Result["OutputFileId"]);
        Assert.Equal(2, end.ErrorLines.Count);
    }

    [Fact]
    public async Task Finish_EndedBeforeItWasValidated_HasNoFiles()
    {
        await using var bench = await BatchBench.CreateAsync();

        var end = await bench.Finish(bench.Job(Input(2)), []);

        Assert.Equal((null, null), (end.Output, end.Errors));
        Assert.Empty(bench.Catalog.Rows);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("O{\"id\": \"batch_req_1\"}\nE{\"id\"")] // the disk lost the rest
    public async Task Finish_PartsAreLostOrDamaged_TheirShardsRunAgain(string? left)
    {
        await using var undisturbed = await BatchBench.CreateAsync();
        await using var bench = await BatchBench.CreateAsync();
        var expected = await undisturbed.Complete(undisturbed.Job(Input(9)));
        var job = bench.Job(Input(9));
        List<Shard> shards = [];
        foreach (var shard in await bench.Prepare(job))
        {
            shards.Add(await bench.Run(job, shard));
        }

        bench.Files.Files.TryRemove(BatchFiles.Part(job, 1), out _);
        if (left is not null)
        {
            bench.Files.Files[BatchFiles.Part(job, 1)] = Encoding.UTF8.GetBytes(left);
        }

        var missing = await Assert.ThrowsAsync<ShardsMissingException>(() => bench.Finish(job, shards));
        shards[1] = await bench.Run(job, shards[1]);
        var end = await bench.Finish(job, shards);

        Assert.Equal([1], missing.Numbers);
        Assert.Equal(expected.Output, end.Output);
    }

    /// <param name="file">Its publication or deletion is where the process ends.</param>
    [Theory]
    [InlineData("part-000001.jsonl", false)]
    [InlineData("output.jsonl", false)]
    [InlineData("errors.jsonl", false)]
    [InlineData("result.json", false)]
    [InlineData("part-000000.jsonl", true)]
    [InlineData("part-000002.jsonl", true)]
    [InlineData("prepared.json", true)]
    [InlineData("requests.jsonl", true)]
    public async Task Finish_ProcessEndsAtAnyStep_TheNextOneGivesTheSame(string file, bool isDeleted)
    {
        await using var undisturbed = await BatchBench.CreateAsync();
        await using var bench = await BatchBench.CreateAsync();
        var expected = await CompleteWithoutTheLastShard(undisturbed);
        var isKilled = false;
        void Kill(string name) => _ = !isKilled && name.EndsWith(file, StringComparison.Ordinal) ? throw new IOException($"{isKilled = true}") : 0;
        bench.Files.BeforePublish = isDeleted ? _ => { } : Kill;
        bench.Files.BeforeDelete = isDeleted ? Kill : _ => { };

        await Assert.ThrowsAsync<IOException>(() => CompleteWithoutTheLastShard(bench));
        var end = await CompleteWithoutTheLastShard(bench, isRepeated: true);

        Assert.Equal(expected.Output, end.Output);
        Assert.Equal(expected.Errors, end.Errors);
        Assert.True(JsonNode.DeepEquals(expected.Result, end.Result));
        Assert.Equal(undisturbed.Catalog.Rows.Keys.Order(), bench.Catalog.Rows.Keys.Order());
        Assert.Equal(undisturbed.Files.Files.Keys.Order(), bench.Files.Files.Keys.Order());
    }

    [Fact]
    public async Task DeleteFiles_AfterRetention_LeavesNothing()
    {
        await using var bench = await BatchBench.CreateAsync();
        var job = bench.Job(Input(3));
        await bench.Complete(job);

        await bench.Handler.DeleteFilesAsync(job, CancellationToken.None);

        Assert.Equal(["uploads/input"], bench.Files.Files.Keys);
        Assert.Empty(bench.Catalog.Rows);
    }

    /// <summary>Runs three shards of four, and finishes as if the batch had expired then. A repeat goes on where the engine would.</summary>
    private static async Task<BatchEnd> CompleteWithoutTheLastShard(BatchBench bench, bool isRepeated = false)
    {
        var job = bench.Job(Input(12));
        IReadOnlyList<Shard> shards = isRepeated && !bench.Files.Files.ContainsKey(BatchFiles.Prepared(job))
            ? [.. Enumerable.Range(0, 4).Select(number => new Shard(number, number * 3, 3) { State = ShardState.Done, Done = 3 })]
            : await bench.Prepare(job);
        List<Shard> ended = [];
        foreach (var shard in shards.SkipLast(1))
        {
            var isOver = bench.Files.Files.ContainsKey(BatchFiles.Result(job));
            ended.Add(isOver ? shard with { State = ShardState.Done, Done = 3 } : await bench.Run(job, shard));
        }

        return await bench.Finish(job, [.. ended, shards[^1] with { State = ShardState.Skipped }]);
    }

    private static string Input(int requests) =>
        string.Join('\n', Enumerable.Range(0, requests).Select(i => BatchBench.Line($"{i}", $$"""{"class_label": {{i % 5}}}""")));
}
