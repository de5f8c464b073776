using CtfService.Jobs.Databases;
using CtfService.Jobs.Work;
using CtfService.TestSupport;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Jobs.Tests.Databases;

public sealed class SqliteDatabaseTests : IDisposable
{
    private static readonly JobsOptions Options = new() { Lease = TimeSpan.FromMinutes(10) }; // fake time passes fast

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    private string Database => _folder.File("data/jobs.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Reads_WithoutADatabase_CreateNone()
    {
        await using var bench = NewBench();
        await bench.StartAsync();

        Assert.Null(await bench.Jobs.FindAsync("", "test", "unknown", CancellationToken.None));
        Assert.Null(await bench.Jobs.CancelAsync("", "test", "unknown", CancellationToken.None));
        Assert.Empty((await bench.Jobs.ListAsync("", "test", after: null, limit: 10, CancellationToken.None)).Jobs);
        Assert.Equal(new UnfinishedWork(0, 0), await bench.Jobs.UnfinishedAsync("", CancellationToken.None));
        Assert.Null(await bench.Uploads.FindAsync("", "unknown", CancellationToken.None));
        Assert.Equal(0, await bench.Uploads.BytesAsync("", CancellationToken.None));
        Assert.Empty((await bench.Uploads.ListAsync("", null, null, 10, newestFirst: true, CancellationToken.None)).Files);

        Assert.False(Directory.Exists(_folder.File("data")));
    }

    [Fact]
    public async Task Engine_WithoutADatabase_StartsWithTheFirstJob()
    {
        await using var bench = NewBench();
        await bench.StartAsync();
        Assert.Empty(bench.EngineLog.Collector.GetSnapshot());

        Assert.Equal(JobState.Completed, (await bench.EndedAsync(await bench.CreateAsync("10"))).State);
    }

    [Fact]
    public async Task Restart_OfTheOnlyProcess_TakesOverAtOnce()
    {
        Job job;
        await using (var killed = NewBench())
        {
            job = await killed.CreatePreparedAsync("10,10");
            await killed.ClaimAsync("killed");
        }

        await using var bench = NewBench();
        await bench.StartAsync(); // the clock stands still: the lease has not run out

        Assert.Equal((JobState.Completed, 20), ((await bench.EndedAsync(job)).State, (await bench.FindAsync(job)).Done));
    }

    [Fact]
    public async Task SecondProcess_OnTheSameFile_IsToldToUsePostgres()
    {
        await using var first = NewBench();
        await first.CreateAsync("10");
        await using var second = NewBench();

        var refused = await Assert.ThrowsAsync<JobStoreUnavailableException>(() => second.CreateAsync("10"));

        Assert.Contains(Database, refused.Message, StringComparison.Ordinal);
        Assert.Contains("another running process", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Storage:ConnectionString", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SecondProcess_AfterTheFirstHasEnded_GoesOn()
    {
        var first = NewBench();
        await first.CreateAsync("10");
        await using var second = NewBench();
        await Assert.ThrowsAsync<JobStoreUnavailableException>(() => second.CreateAsync("10"));

        await first.DisposeAsync();

        Assert.NotNull(await second.CreateAsync("10"));
    }

    [Fact]
    public async Task DamagedFile_EveryCall_SaysWhatToDoAndLeavesItAsItIs()
    {
        Directory.CreateDirectory(_folder.File("data"));
        await File.WriteAllTextAsync(Database, new string('x', 8_192));
        await using var bench = NewBench();
        await bench.StartAsync();

        var refused = await Assert.ThrowsAsync<JobStoreUnavailableException>(() => bench.CreateAsync("10"));
        await Assert.ThrowsAsync<JobStoreUnavailableException>(() => bench.Jobs.ListAsync("", "test", null, 10, CancellationToken.None));
        await Assert.ThrowsAsync<JobStoreUnavailableException>(() => bench.Uploads.BytesAsync("", CancellationToken.None));

        Assert.Contains("damaged", refused.Message, StringComparison.Ordinal);
        Assert.Contains(".recover", refused.Message, StringComparison.Ordinal);
        Assert.Equal(new string('x', 8_192), await File.ReadAllTextAsync(Database));
    }

    [Fact]
    public async Task DamagedFile_ThatIsMended_IsUsedWithoutARestart()
    {
        Job job;
        await using (var earlier = NewBench())
        {
            job = await earlier.CreateAsync("10");
        }

        var whole = await File.ReadAllBytesAsync(Database);
        await File.WriteAllTextAsync(Database, new string('x', 8_192));
        await using var bench = NewBench();
        await bench.StartAsync();
        await bench.UntilAsync(() => bench.EngineLog.Collector.Count > 1); // started, then stopped by the damage
        await Assert.ThrowsAsync<JobStoreUnavailableException>(() => bench.FindAsync(job));

        await File.WriteAllBytesAsync(Database, whole);
        await bench.UntilAsync(async () =>
        {
            await bench.PassAsync(TimeSpan.FromSeconds(5)); // the longest pause
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System); // the work must end before its lease does
            return (await bench.FindAsync(job)).State == JobState.Completed;
        });
    }

    [Fact]
    public async Task DamagedPage_FoundWhileRunning_IsReportedAndNotReplaced()
    {
        await using (var earlier = NewBench())
        {
            await earlier.CreatePreparedAsync(string.Join(',', Enumerable.Repeat(1, 2_000)));
        }

        var content = await File.ReadAllBytesAsync(Database);
        Array.Fill(content, (byte)0xA5, 4_096, content.Length - 4_096); // all pages but the first
        await File.WriteAllBytesAsync(Database, content);
        await using var bench = NewBench();

        var refused = await Assert.ThrowsAsync<JobStoreUnavailableException>(() => bench.CreateAsync("10"));

        Assert.Contains("damaged", refused.Message, StringComparison.Ordinal);
        Assert.Equal(content.Length, new FileInfo(Database).Length);
    }

    [Fact]
    public async Task DeletedFile_WhileRunning_IsReportedAndNotCreatedAgain()
    {
        await using var bench = NewBench();
        var job = await bench.CreateAsync("10");
        File.Delete(Database);

        var refused = await Assert.ThrowsAsync<JobStoreUnavailableException>(() => bench.FindAsync(job));
        await Assert.ThrowsAsync<JobStoreUnavailableException>(() => bench.CreateAsync("10"));

        Assert.Contains("was deleted", refused.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Database));
    }

    [Fact]
    public async Task FolderThatCannotBeCreated_EveryCall_NamesTheSetting()
    {
        await File.WriteAllTextAsync(_folder.File("data"), "a file where the folder should be");
        await using var bench = NewBench();

        var refused = await Assert.ThrowsAsync<JobStoreUnavailableException>(() => bench.CreateAsync("10"));

        Assert.Contains("Storage:Folder", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NewerTables_AreLeftAlone()
    {
        await using (var earlier = NewBench())
        {
            await earlier.CreateAsync("10");
            await earlier.Database.RunAsync(session => session.ExecuteAsync("insert into schema_version values (99)"), CancellationToken.None);
        }

        await using var bench = NewBench();

        var refused = await Assert.ThrowsAsync<JobStoreUnavailableException>(() => bench.CreateAsync("10"));
        Assert.Contains("version 99", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SQLitePCL.raw.SQLITE_FULL, "is full")]
    [InlineData(SQLitePCL.raw.SQLITE_READONLY, "Make its folder writable")]
    [InlineData(SQLitePCL.raw.SQLITE_CANTOPEN, "Make its folder writable")]
    [InlineData(SQLitePCL.raw.SQLITE_IOERR, "cannot be opened or written")]
    [InlineData(SQLitePCL.raw.SQLITE_BUSY, "Another program")]
    public void Errors_OfTheFile_SayWhatToDo(int code, string remedy)
    {
        var described = SqliteErrors.Describe(new SqliteException("reason", code), "/data/jobs.db");

        Assert.Contains(remedy, described!.Message, StringComparison.Ordinal);
        Assert.Contains("/data/jobs.db", described.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Errors_OfStatements_AreDefectsOfTheProgram()
    {
        Assert.Null(SqliteErrors.Describe(new SqliteException("no such column", SQLitePCL.raw.SQLITE_ERROR), "/data/jobs.db"));
    }

    private JobsBench NewBench() => new(new SqliteDatabase(_folder.File("data"), _clock), _clock, Options);
}
