using CtfService.Jobs.Databases;
using CtfService.Jobs.Work;
using CtfService.TestSupport;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Jobs.Tests.Databases;

/// <summary>A start waits for what may pass, not for what a person must mend, and leaves no trace.</summary>
public sealed class DatabaseCheckTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _clock = new() { AutoAdvanceAmount = TimeSpan.FromMilliseconds(100) };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Check_FolderIsMissing_CreatesNothing()
    {
        using var database = Sqlite(_folder.File("data/of/jobs"));

        await database.CheckAsync(CancellationToken.None);

        Assert.Empty(Directory.GetFileSystemEntries(_folder.Root));
    }

    [Theory]
    [InlineData("/dev/null/data")]
    [InlineData("/proc/data")]
    public async Task Check_FolderCannotBeCreated_NamesTheSetting(string folder)
    {
        using var database = Sqlite(folder);

        var refused = await Assert.ThrowsAsync<JobStoreUnavailableException>(() => database.CheckAsync(CancellationToken.None));

        Assert.Contains("Storage:Folder", refused.Problem, StringComparison.Ordinal);
        Assert.False(refused.MayPass);
    }

    [Fact]
    public async Task Check_FileIsNoDatabase_IsRefusedForGood()
    {
        await File.WriteAllTextAsync(_folder.File("jobs.db"), new string('x', 4_096));
        using var database = Sqlite(_folder.Root);

        var refused = await Assert.ThrowsAsync<JobStoreUnavailableException>(() => database.CheckAsync(CancellationToken.None));

        Assert.Contains("is damaged", refused.Problem, StringComparison.Ordinal);
        Assert.False(refused.MayPass);
    }

    [Fact]
    public async Task Require_DatabaseComesBack_Succeeds()
    {
        using var database = new FlakyDatabase(mayPass: true, failures: 2);

        await RequireAsync(database);

        Assert.Equal(3, database.Attempts);
    }

    [Fact]
    public async Task Require_DatabaseStaysAway_EndsWithItsMessage()
    {
        using var database = new FlakyDatabase(mayPass: true, failures: int.MaxValue);

        var refused = await Assert.ThrowsAsync<JobStoreUnavailableException>(() => RequireAsync(database));

        Assert.Equal("It is away.", refused.Problem);
        Assert.InRange(database.Attempts, 2, 5);
    }

    [Fact]
    public async Task Require_APersonMustMendIt_DoesNotTryAgain()
    {
        using var database = new FlakyDatabase(mayPass: false, failures: int.MaxValue);

        await Assert.ThrowsAsync<JobStoreUnavailableException>(() => RequireAsync(database));

        Assert.Equal(1, database.Attempts);
    }

    [Fact]
    public void Message_WithAnOutlook_HasBoth()
    {
        var error = new JobStoreUnavailableException("It is away.") { Outlook = "It comes back." };

        Assert.Equal(("It is away.", "It is away. It comes back."), (error.Problem, error.Message));
    }

    private static SqliteDatabase Sqlite(string folder) => new(folder, TimeProvider.System);

    /// <summary>Lets the fake time pass until the check has ended.</summary>
    private async Task RequireAsync(FlakyDatabase database)
    {
        var checking = DatabaseCheck.RequireAsync(database, Limit, _clock, CancellationToken.None);
        while (!checking.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        await checking;
    }

    private sealed class FlakyDatabase(bool mayPass, int failures) : IDatabase
    {
        public int Attempts { get; private set; }

        public bool Exists => true;

        public bool IsShared => true;

        public Task CheckAsync(CancellationToken cancellation) => ++Attempts > failures
            ? Task.CompletedTask
            : throw new JobStoreUnavailableException("It is away.") { MayPass = mayPass };

        public Task<T> RunAsync<T>(Func<Session, Task<T>> work, CancellationToken cancellation) => throw new NotSupportedException();

        public Task ListenAsync(Action<string> changed, CancellationToken cancellation) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
