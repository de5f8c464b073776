using CtfService.Jobs.Databases;
using CtfService.Jobs.Work;
using CtfService.TestSupport;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Jobs.Tests.Engine;

/// <summary>A finish that finds files of finished shards lost or damaged.</summary>
public sealed class MissingShardTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Finish_FilesOfTwoShardsAreLost_RunsThoseAgainAndCompletes()
    {
        await using var bench = NewBench(new JobsOptions { Concurrency = 1 });
        LoseOnce(bench.Handler, [0, 2]);
        await bench.StartAsync();

        var job = await bench.EndedAsync(await bench.CreateAsync("10,10,5"));

        Assert.Equal((JobState.Completed, 25, 25, 0, "3 of 3"), (job.State, job.Total, job.Done, job.Failed, job.Result));
        Assert.Equal([0, 1, 2, 0, 2], bench.Handler.Started.Select(started => started.Shard));
    }

    [Fact]
    public async Task Finish_AReopenedShardFailsForGood_CompletesWithItsItemsFailed()
    {
        await using var bench = NewBench(new JobsOptions { MaxAttempts = 1, Concurrency = 1 });
        LoseOnce(bench.Handler, [1]);
        var runs = 0;
        bench.Handler.Run = (_, shard, _) => Interlocked.Increment(ref runs) > 2
            ? throw new InvalidOperationException("The device is gone.")
            : Task.FromResult(new ShardResult(shard.Count, 0));
        await bench.StartAsync();

        var job = await bench.EndedAsync(await bench.CreateAsync("10,5"));

        Assert.Equal((JobState.Completed, 10, 5, "1 of 2"), (job.State, job.Done, job.Failed, job.Result));
    }

    [Fact]
    public async Task Finish_FilesOfACancelledJobAreLost_LeavesThoseShardsOut()
    {
        await using var bench = NewBench(new JobsOptions { Concurrency = 1 });
        LoseOnce(bench.Handler, [0]);
        Job? created = null;
        bench.Handler.Run = async (_, shard, cancellation) =>
        {
            if (shard.Number == 1)
            {
                await bench.Jobs.CancelAsync("", FakeJobHandler.TestKind, created!.Id, cancellation);
            }

            return new ShardResult(shard.Count, 0);
        };
        created = await bench.CreateAsync("10,5,5");
        await bench.StartAsync();

        var job = await bench.EndedAsync(created);

        Assert.Equal((JobState.Cancelled, 5, "1 of 3"), (job.State, job.Done, job.Result));
        Assert.Equal(2, bench.Handler.Started.Count);
    }

    [Fact]
    public async Task Finish_NamesAShardThatIsNotDone_FailsInsteadOfRunningForever()
    {
        await using var bench = NewBench(new JobsOptions { MaxAttempts = 1 });
        bench.Handler.Finish = (_, _, _) => throw new ShardsMissingException([7]);
        await bench.StartAsync();

        var job = await bench.EndedAsync(await bench.CreateAsync("10"));

        Assert.Equal((JobState.Failed, "output_failed"), (job.State, Assert.Single(job.Errors).Code));
    }

    [Fact]
    public async Task Delete_AJobThatHasEnded_RemovesItAndAnotherOwnerCannot()
    {
        await using var bench = NewBench();
        await bench.StartAsync();
        var job = await bench.EndedAsync(await bench.CreateAsync("10", tenant: "ann"));

        Assert.False(await bench.Jobs.DeleteAsync("bob", job.Kind, job.Id, CancellationToken.None));
        Assert.True(await bench.Jobs.DeleteAsync("ann", job.Kind, job.Id, CancellationToken.None));
        Assert.Null(await bench.Jobs.FindAsync("ann", job.Kind, job.Id, CancellationToken.None));
    }

    [Fact]
    public async Task Delete_AJobThatHasNotEnded_IsRefused()
    {
        await using var bench = NewBench();
        var job = await bench.CreateAsync("10");

        Assert.False(await bench.Jobs.DeleteAsync("", job.Kind, job.Id, CancellationToken.None));
        Assert.NotNull(await bench.FindAsync(job));
    }

    [Fact]
    public async Task UnfinishedImages_AJobThatKnowsItsImages_CountsThemBeforeItIsValidated()
    {
        await using var bench = NewBench();
        await bench.Jobs.CreateAsync(
            new NewJob(JobIds.New("job_"), FakeJobHandler.TestKind, "ann", 1, "10", TimeSpan.FromDays(1)) { Images = 10 }, CancellationToken.None);

        Assert.Equal(10, (await bench.Jobs.UnfinishedAsync("ann", CancellationToken.None)).Images);
    }

    private static void LoseOnce(FakeJobHandler handler, IReadOnlyList<int> shards)
    {
        var finish = handler.Finish;
        var isLost = false;
        handler.Finish = (job, all, cancellation) =>
            Interlocked.Exchange(ref isLost, true) ? finish(job, all, cancellation) : throw new ShardsMissingException(shards);
    }

    private JobsBench NewBench(JobsOptions? options = null) => new(new SqliteDatabase(_folder.Root, _clock), _clock, options ?? new JobsOptions());
}
