using CtfService.Jobs.Store;
using CtfService.Jobs.Tests.Databases;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Tests.Engine;

[Collection(TestDatabases.Collection)]
public sealed class RetentionTests(TestDatabases databases)
{
    [Fact]
    public async Task Sweep_OfAJobWhoseFilesCannotBeDeleted_DeletesTheOthers()
    {
        await using var bench = await databases.NewAsync(TestDatabases.Sqlite, new JobsOptions { Retention = TimeSpan.FromMinutes(1) });
        await bench.StartAsync();
        var stuck = await bench.EndedAsync(await bench.CreateAsync("1"));
        var other = await bench.EndedAsync(await bench.CreateAsync("1"));
        bench.Handler.DeleteFiles = job => job.Id == stuck.Id ? throw new IOException("busy") : Task.CompletedTask;
        await bench.PassAsync(TimeSpan.FromMinutes(1));

        await bench.Retention.SweepAsync(CancellationToken.None);

        Assert.NotNull(await bench.FindAsync(stuck));
        Assert.Null(await bench.Jobs.FindAsync(other.Tenant, other.Kind, other.Id, CancellationToken.None));
    }

    [Fact]
    public async Task Sweep_WithManyJobsOfAnUnknownKind_DeletesTheOthers()
    {
        await using var bench = await databases.NewAsync(TestDatabases.Sqlite, new JobsOptions { Retention = TimeSpan.FromMinutes(1) });
        for (var number = 0; number < JobSweep.Batch; number++)
        {
            await bench.CreateAsync("1");
        }

        await bench.Database.RunAsync(
            session => session.ExecuteAsync("update jobs set kind = 'newer', state = 'completed', ended = @Now", new { session.Now }), CancellationToken.None);
        await bench.StartAsync();
        var known = await bench.EndedAsync(await bench.CreateAsync("1"));
        await bench.PassAsync(TimeSpan.FromMinutes(1));

        await bench.Retention.SweepAsync(CancellationToken.None);

        Assert.Equal([known.Id], bench.Handler.DeletedFiles.Distinct());
    }

    [Fact]
    public async Task Sweep_OfUploads_DeletesOldOnesWithoutARow()
    {
        await using var bench = await databases.NewAsync(TestDatabases.Sqlite, new JobsOptions());
        await bench.CreateAsync("1"); // creates the tables
        string[] names = ["uploads/file-orphan", "uploads/file-recorded", "jobs/other"];
        foreach (var name in names)
        {
            await bench.Files.PublishAsync(name, (_, _) => Task.CompletedTask, CancellationToken.None);
        }

        bench.Files.WrittenAt = bench.Clock.GetUtcNow();
        await bench.Uploads.AddAsync(
            new UploadedFile("file-recorded", "", "in.jsonl", 0, "batch", names[1], bench.Clock.GetUtcNow(), ExpiresAt: null), CancellationToken.None);

        await bench.Retention.SweepAsync(CancellationToken.None);
        var young = await bench.Files.ListAsync("", CancellationToken.None).Select(file => file.Name).ToListAsync();
        await bench.PassAsync(TimeSpan.FromDays(1.1));
        await bench.Retention.SweepAsync(CancellationToken.None);
        var old = await bench.Files.ListAsync("", CancellationToken.None).Select(file => file.Name).ToListAsync();

        Assert.Equal(names.Order(StringComparer.Ordinal), young);
        Assert.Equal(["jobs/other", "uploads/file-recorded"], old);
    }

    [Fact]
    public async Task Engine_EveryMinute_Sweeps()
    {
        await using var bench = await databases.NewAsync(TestDatabases.Sqlite, new JobsOptions { Retention = TimeSpan.FromMinutes(1) });
        await bench.StartAsync();
        var job = await bench.EndedAsync(await bench.CreateAsync("1"));

        await bench.UntilAsync(async () =>
        {
            await bench.PassAsync(TimeSpan.FromSeconds(30));
            return await bench.Jobs.FindAsync(job.Tenant, job.Kind, job.Id, CancellationToken.None) is null;
        });

        Assert.Contains(job.Id, bench.Handler.DeletedFiles);
    }
}
