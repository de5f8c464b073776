using CtfService.Jobs.Databases;
using CtfService.Jobs.Telemetry;
using CtfService.Jobs.Tests.Databases;
using CtfService.Jobs.Usage;
using CtfService.TestSupport;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Jobs.Tests.Usage;

/// <summary>Counters of one process.</summary>
internal sealed class UsageBench : IAsyncDisposable
{
    private static readonly TimeSpan ClockSlack = TimeSpan.FromMilliseconds(100);

    private readonly IDatabase? _database;
    private readonly TestMeters _meters = new();

    /// <param name="database">Null to count in memory.</param>
    public UsageBench(IDatabase? database, TimeProvider clock)
    {
        (_database, Clock) = (database, clock);
        Counters = database is null
            ? new MemoryUsageCounters(clock)
            : new SharedUsageCounters(new SqlUsageCounters(database), new StateMetrics(_meters), clock, Log);
    }

    public IUsageCounters Counters { get; }

    public TimeProvider Clock { get; }

    public FakeLogger<SharedUsageCounters> Log { get; } = new();

    public TestMeters Meters => _meters;

    public static async Task<UsageBench> NewAsync(TestDatabases databases, string place)
    {
        if (place == TestDatabases.Postgres)
        {
            return OnPostgres(await databases.NewSchemaAsync());
        }

        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
        return new UsageBench(place == TestDatabases.Sqlite ? new SqliteDatabase(databases.NewFolder(), clock) : null, clock);
    }

    public static UsageBench OnPostgres(string connectionString) => new(new PostgresDatabase(connectionString), TimeProvider.System);

    /// <summary>Moves a fake clock, or waits a little longer: PostgreSQL counts by the clock of the system, which may run slower than a delay.</summary>
    public Task PassAsync(TimeSpan time)
    {
        if (Clock is not FakeTimeProvider fake)
        {
            return Task.Delay(time + ClockSlack, Clock);
        }

        fake.Advance(time);
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _database?.Dispose();
        _meters.Dispose();
        return ValueTask.CompletedTask;
    }
}
