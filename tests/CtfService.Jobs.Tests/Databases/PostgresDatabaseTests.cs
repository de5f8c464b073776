using CtfService.Jobs.Databases;
using CtfService.Jobs.Work;
using CtfService.TestSupport;

namespace CtfService.Jobs.Tests.Databases;

[Collection(TestDatabases.Collection)]
public sealed class PostgresDatabaseTests(TestDatabases databases)
{
    private static readonly JobsOptions Options = new() { Lease = TimeSpan.FromSeconds(1) };

    [PostgresFact]
    public async Task Restart_OfTheServerInTheMiddle_LosesAndRepeatsNothing()
    {
        await using var server = await PostgresServer.StartNewAsync();
        await using var bench = new JobsBench(new PostgresDatabase(server.ConnectionString), TimeProvider.System, new JobsOptions { Concurrency = 2 });
        await using var other = new JobsBench(new PostgresDatabase(server.ConnectionString), TimeProvider.System, new JobsOptions { Concurrency = 2 });
        var goOn = new SemaphoreSlim(0);
        bench.Handler.Run = async (_, shard, cancellation) =>
        {
            await goOn.WaitAsync(cancellation);
            return new ShardResult(shard.Count, 0);
        };
        await bench.StartAsync();
        await other.StartAsync(bench.Handler);
        var job = await bench.CreateAsync(string.Join(',', Enumerable.Repeat("2", 12)));

        for (var restart = 1; restart <= 2; restart++)
        {
            goOn.Release(3);
            await bench.UntilAsync(async () => (await bench.FindAsync(job)).Done == (8 * (restart - 1)) + 6);
            await server.StopAsync();
            goOn.Release(1); // a shard that ends while the server is away
            await Assert.ThrowsAsync<JobStoreUnavailableException>(() => bench.FindAsync(job));
            await server.StartAsync();
            await bench.UntilAsync(async () => (await bench.FindAsync(job)).Done == 8 * restart);
        }

        goOn.Release(12);
        job = await bench.EndedAsync(job);

        Assert.Equal((JobState.Completed, 24, 0), (job.State, job.Done, job.Failed));
        Assert.Equal(12, bench.Handler.Started.Count);
    }

    [PostgresFact]
    public async Task Server_ThatCannotBeReached_IsNamedWithoutThePassword()
    {
        await using var bench = new JobsBench(
            new PostgresDatabase("Host=127.0.0.1;Port=9;Database=ctf;Username=ctf;Password=secret"), TimeProvider.System, Options);

        var refused = await Assert.ThrowsAsync<JobStoreUnavailableException>(() => bench.CreateAsync("10"));

        Assert.Contains("Host=127.0.0.1;Port=9;Database=ctf", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Storage:ConnectionString", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.ToString(), StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task Database_ThatDoesNotExist_IsReported()
    {
        var server = await databases.ServerAsync();
        var nowhere = server.ConnectionString.Replace("Database=postgres", "Database=nowhere", StringComparison.Ordinal);
        await using var bench = new JobsBench(new PostgresDatabase(nowhere), TimeProvider.System, Options);

        var refused = await Assert.ThrowsAsync<JobStoreUnavailableException>(() => bench.CreateAsync("10"));

        Assert.Contains("\"nowhere\" does not exist", refused.Message, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task Tables_CreatedByManyProcessesAtOnce_AreCreatedOnce()
    {
        var schema = await databases.NewSchemaAsync();
        var all = Enumerable.Range(0, 6).Select(_ => new JobsBench(new PostgresDatabase(schema), TimeProvider.System, Options)).ToList();

        var jobs = await Task.WhenAll(all.Select(bench => bench.CreateAsync("10")));

        Assert.Equal(6, (await all[0].Jobs.ListAsync("", FakeJobHandler.TestKind, null, 10, CancellationToken.None)).Jobs.Count);
        foreach (var bench in all)
        {
            await bench.DisposeAsync();
        }
    }

    [PostgresFact]
    public async Task Job_CreatedByAnotherProcess_WakesTheWorkerAtOnce()
    {
        var schema = await databases.NewSchemaAsync();
        await using var worker = new JobsBench(new PostgresDatabase(schema), TimeProvider.System, Options);
        await using var other = new JobsBench(new PostgresDatabase(schema), TimeProvider.System, Options);
        await worker.StartAsync();

        var job = await other.EndedAsync(await other.CreateAsync("10"));

        Assert.Equal(JobState.Completed, job.State);
    }
}
