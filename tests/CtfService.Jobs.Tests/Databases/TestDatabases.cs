using CtfService.Jobs.Databases;
using CtfService.Jobs.Work;
using CtfService.TestSupport;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace CtfService.Jobs.Tests.Databases;

/// <summary>Empty databases of both kinds. Those of PostgreSQL are schemas of one server, which starts when the first one is asked for.</summary>
[CollectionDefinition(Collection)]
public sealed class TestDatabases : IAsyncLifetime, IDisposable, ICollectionFixture<TestDatabases>
{
    public const string Collection = nameof(TestDatabases);

    public const string Sqlite = "SQLite";

    public const string Postgres = "PostgreSQL";

    private readonly TemporaryFolder _folder = new();
    private PostgresServer? _server;
    private int _count;

    /// <summary>The databases that tests run on. Without PostgreSQL it is SQLite alone, unless all tests are required.</summary>
    public static TheoryData<string> All { get; } = PostgresServer.Missing is null || InstalledProgram.IsRequired ? [Sqlite, Postgres] : [Sqlite];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>The server of the databases of PostgreSQL.</summary>
    public async Task<PostgresServer> ServerAsync() => _server ??= await PostgresServer.StartNewAsync();

    /// <summary>Creates an empty database. The clock of SQLite is a fake one, that of PostgreSQL the server's.</summary>
    /// <param name="options">Null for a lease of one second.</param>
    internal async Task<JobsBench> NewAsync(string kind, JobsOptions? options = null)
    {
        options ??= new JobsOptions { Lease = TimeSpan.FromSeconds(1) };
        if (kind == Postgres)
        {
            return new JobsBench(new PostgresDatabase(await NewSchemaAsync()), TimeProvider.System, options);
        }

        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
        return new JobsBench(new SqliteDatabase(NewFolder(), clock), clock, options);
    }

    /// <summary>Returns a folder that does not exist yet.</summary>
    internal string NewFolder() => _folder.File($"sqlite{_count++}");

    /// <summary>Returns the connection string of a new schema.</summary>
    internal async Task<string> NewSchemaAsync()
    {
        var schema = $"test{_count++}";
        var server = await ServerAsync();
        await using var source = NpgsqlDataSource.Create(server.ConnectionString);
        await using var create = source.CreateCommand($"create schema {schema}");
        await create.ExecuteNonQueryAsync();
        return $"{server.ConnectionString};Search Path={schema}";
    }
}

/// <summary>A test that is skipped without PostgreSQL, unless all tests are required.</summary>
internal sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute() => Skip = InstalledProgram.IsRequired ? null : PostgresServer.Missing;
}
