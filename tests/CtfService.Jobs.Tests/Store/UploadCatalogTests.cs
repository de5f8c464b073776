using CtfService.Jobs.Store;
using CtfService.Jobs.Tests.Databases;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Tests.Store;

/// <summary>The table of files, on both databases.</summary>
[Collection(TestDatabases.Collection)]
public sealed class UploadCatalogTests(TestDatabases databases)
{
    public static TheoryData<string> Databases => TestDatabases.All;

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task File_OfAnOwner_IsFoundByItAlone(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var file = await AddAsync(bench, "alice", bytes: 5_000_000_000);

        Assert.Equal(file, await bench.Uploads.FindAsync("alice", file.Id, CancellationToken.None));
        Assert.Null(await bench.Uploads.FindAsync("bob", file.Id, CancellationToken.None));
        Assert.Equal(5_000_000_000, await bench.Uploads.BytesAsync("alice", CancellationToken.None));
        Assert.False(await bench.Uploads.DeleteAsync("bob", file.Id, CancellationToken.None));
        Assert.True(await bench.Uploads.DeleteAsync("alice", file.Id, CancellationToken.None));
        Assert.False(await bench.Uploads.DeleteAsync("alice", file.Id, CancellationToken.None));
        Assert.Equal(0, await bench.Uploads.BytesAsync("alice", CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task List_InBothOrders_PagesThroughFilesOfAPurpose(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var files = new List<UploadedFile>();
        for (var file = 0; file < 3; file++)
        {
            files.Add(await AddAsync(bench, "alice", purpose: "batch"));
            await AddAsync(bench, "alice", purpose: "batch_output");
            await AddAsync(bench, "bob", purpose: "batch");
        }

        var newest = await bench.Uploads.ListAsync("alice", "batch", after: null, limit: 2, newestFirst: true, CancellationToken.None);
        var rest = await bench.Uploads.ListAsync("alice", "batch", newest.Files[^1].Id, limit: 2, newestFirst: true, CancellationToken.None);
        var oldest = await bench.Uploads.ListAsync("alice", "batch", after: files[0].Id, limit: 5, newestFirst: false, CancellationToken.None);
        var all = await bench.Uploads.ListAsync("alice", purpose: null, after: null, limit: 10, newestFirst: false, CancellationToken.None);

        Assert.Equal([files[2], files[1]], newest.Files);
        Assert.Equal([files[0]], rest.Files);
        Assert.Equal([files[1], files[2]], oldest.Files);
        Assert.Equal((true, false, false, 6), (newest.HasMore, rest.HasMore, oldest.HasMore, all.Files.Count));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task File_ThatHasExpired_IsGoneWithItsContent(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var file = await AddAsync(bench, "alice", lifetime: TimeSpan.FromSeconds(1));
        var kept = await AddAsync(bench, "alice");
        await bench.Files.PublishAsync(file.StoredName, (stream, cancel) => stream.WriteAsync(new byte[10], cancel).AsTask(), CancellationToken.None);
        await bench.PassAsync(TimeSpan.FromSeconds(1.1));

        Assert.Null(await bench.Uploads.FindAsync("alice", file.Id, CancellationToken.None));
        Assert.Equal(kept.Bytes, await bench.Uploads.BytesAsync("alice", CancellationToken.None));
        await bench.Retention.SweepAsync(CancellationToken.None);

        Assert.Null(await bench.Files.FindAsync(file.StoredName, CancellationToken.None));
        Assert.Empty(await bench.Store.Sweep.ExpiredFilesAsync(CancellationToken.None));
        Assert.NotNull(await bench.Uploads.FindAsync("alice", kept.Id, CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Job_WhoseRetentionIsOver_IsDeletedWithItsFiles(string database)
    {
        await using var bench = await databases.NewAsync(database, new JobsOptions { Retention = TimeSpan.FromSeconds(1) });
        await bench.StartAsync();
        var ended = await bench.EndedAsync(await bench.CreateAsync("1,1"));
        await bench.Retention.SweepAsync(CancellationToken.None);
        Assert.NotNull(await bench.FindAsync(ended));
        await bench.PassAsync(TimeSpan.FromSeconds(1.1));
        var running = await bench.CreateAsync("1");

        await bench.Retention.SweepAsync(CancellationToken.None);

        Assert.Equal([ended.Id], bench.Handler.DeletedFiles.Distinct());
        Assert.Null(await bench.Jobs.FindAsync(ended.Tenant, ended.Kind, ended.Id, CancellationToken.None));
        Assert.Empty(await bench.ShardsAsync(ended));
        Assert.NotNull(await bench.FindAsync(running));
    }

    private static async Task<UploadedFile> AddAsync(
        JobsBench bench, string tenant, long bytes = 100, string purpose = "batch", TimeSpan? lifetime = null)
    {
        var now = DateTimeOffset.FromUnixTimeMilliseconds(bench.Clock.GetUtcNow().ToUnixTimeMilliseconds()); // rows keep milliseconds
        var id = JobIds.New("file-");
        var file = new UploadedFile(id, tenant, "requests.jsonl", bytes, purpose, $"uploads/{id}", now, now + lifetime);
        await bench.Uploads.AddAsync(file, CancellationToken.None);
        return file;
    }
}
