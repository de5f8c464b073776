using CtfService.Jobs.Databases;
using CtfService.Jobs.Work;
using CtfService.TestSupport;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Jobs.Tests.Engine;

/// <summary>Shards whose workers disappear one after another.</summary>
public sealed class RepeatedLossTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Shard_WhoseWorkersDied_HasAllItsAttemptsLeft(int losses)
    {
        await using var bench = NewBench();
        var job = await LoseAsync(bench, losses);
        var failures = 0;
        bench.Handler.Run = (_, shard, _) => Interlocked.Increment(ref failures) < bench.Options.MaxAttempts
            ? throw new InvalidOperationException("The device is gone.")
            : Task.FromResult(new ShardResult(shard.Count, 0));

        await bench.StartAsync();
        var ended = bench.EndedAsync(job);
        while (!ended.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromSeconds(1)); // the waits between attempts
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }

        job = await ended;
        Assert.Equal((JobState.Completed, 10, 0), (job.State, job.Done, job.Failed));
        Assert.Equal(bench.Options.MaxAttempts, (await bench.ShardsAsync(job))[0].Attempts);
    }

    /// <summary>Machines that fail again and again take every shard with them; one that ends its process stands out.</summary>
    [Theory]
    [InlineData(9, 4, false)]
    [InlineData(9, 5, true)]
    [InlineData(10, 5, false)]
    [InlineData(1_000, 19, false)]
    [InlineData(1_000, 20, true)]
    public async Task Shard_AmongOthersThatWereLost_IsGivenUpIfItStandsOut(int lossesOfOthers, int losses, bool isGivenUp)
    {
        await using var bench = NewBench();
        var job = await bench.CreatePreparedAsync("10,10");
        await bench.Database.RunAsync(
            session => session.ExecuteAsync(
                "update shards set losses = case number when 0 then @own else @lossesOfOthers end where number >= 0", new { own = losses - 1, lossesOfOthers }),
            CancellationToken.None);
        Assert.Equal(0, (await bench.ClaimAsync("dead"))!.Shard.Number);

        await bench.PassAsync(bench.Options.Lease * 1.1);
        var lost = Assert.Single(await bench.Store.Queue.RecoverAsync(CancellationToken.None));

        Assert.Equal((losses, isGivenUp), (lost.Losses, lost.IsGivenUp));
        Assert.Equal(isGivenUp ? ShardState.Failed : ShardState.Ready, (await bench.ShardsAsync(job))[0].State);
    }

    private JobsBench NewBench() => new(new SqliteDatabase(_folder.Root, _clock), _clock, new JobsOptions { Lease = TimeSpan.FromMinutes(10) });

    /// <summary>Creates a job of one shard that loses workers.</summary>
    private static async Task<Job> LoseAsync(JobsBench bench, int losses)
    {
        var job = await bench.CreatePreparedAsync("10");
        for (var loss = 0; loss < losses; loss++)
        {
            Assert.NotNull(await bench.ClaimAsync($"dead{loss}"));
            await bench.PassAsync(bench.Options.Lease * 1.1);
            var lost = Assert.Single(await bench.Store.Queue.RecoverAsync(CancellationToken.None));
            Assert.Equal(loss == 4, lost.IsGivenUp);
        }

        return job;
    }
}
