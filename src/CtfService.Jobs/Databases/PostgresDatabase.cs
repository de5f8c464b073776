using System.Net.Sockets;
using Npgsql;

namespace CtfService.Jobs.Databases;

/// <summary>A PostgreSQL database that several processes share. Time is the server's, so that the clocks of the workers do not matter.</summary>
internal sealed class PostgresDatabase : IDatabase
{
    private const string Identity = "bigint generated always as identity primary key";

    /// <summary>A connection that the server closed fails once; each of the pool may have been closed.</summary>
    private const int Attempts = Pool + 1;

    /// <summary>A process needs few connections at once, and a server has few for all.</summary>
    private const int Pool = 5;

    private readonly NpgsqlDataSource _source;
    private readonly SemaphoreSlim _upgrade = new(1, 1);
    private volatile bool _upgraded;

    public PostgresDatabase(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        var given = new NpgsqlConnectionStringBuilder { ConnectionString = connectionString }.Keys.Cast<string>().ToHashSet(StringComparer.OrdinalIgnoreCase);
        settings.MaxPoolSize = given.Contains("Maximum Pool Size") ? settings.MaxPoolSize : Pool;
        settings.KeepAlive = given.Contains("Keepalive") ? settings.KeepAlive : 30;
        settings.Timeout = given.Contains("Timeout") ? settings.Timeout : 5;
        settings.ApplicationName ??= "CtfService";
        _source = NpgsqlDataSource.Create(settings);
    }

    public bool Exists => true;

    public bool IsShared => true;

    public async Task<T> RunAsync<T>(Func<Session, Task<T>> work, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await UpgradeAsync(cancellation).ConfigureAwait(false);
                return await TransactAsync(work, cancellation).ConfigureAwait(false);
            }
            catch (NpgsqlException broken) when (IsWorthAnotherAttempt(broken) && attempt < Attempts && !cancellation.IsCancellationRequested)
            {
            }
            catch (Exception exception) when (PostgresErrors.Describe(exception, _source.ConnectionString) is { } unavailable)
            {
                throw unavailable;
            }
        }
    }

    /// <summary>Only connects: the upgrade of the tables may take longer than a start can wait.</summary>
    public async Task CheckAsync(CancellationToken cancellation)
    {
        try
        {
            await TransactAsync(_ => Task.FromResult(true), cancellation).ConfigureAwait(false);
        }
        catch (Exception exception) when (PostgresErrors.Describe(exception, _source.ConnectionString) is { } unavailable)
        {
            throw unavailable;
        }
    }

    public async Task ListenAsync(Action<string> changed, CancellationToken cancellation)
    {
        try
        {
            await using var connection = await _source.OpenConnectionAsync(cancellation).ConfigureAwait(false);
            connection.Notification += (_, notification) => changed(notification.Payload);
            await using (var listen = new NpgsqlCommand($"listen {Session.Channel}", connection))
            {
                await listen.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
            }

            while (true)
            {
                await connection.WaitAsync(cancellation).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (PostgresErrors.Describe(exception, _source.ConnectionString) is { } unavailable)
        {
            throw unavailable;
        }
    }

    public void Dispose()
    {
        _source.Dispose();
        _upgrade.Dispose();
    }

    /// <summary>True if a connection broke or two transactions met; false if the server cannot be reached, which takes seconds to find out.</summary>
    private static bool IsWorthAnotherAttempt(NpgsqlException exception) =>
        exception.IsTransient && exception.InnerException is not (SocketException or TimeoutException);

    private async Task UpgradeAsync(CancellationToken cancellation)
    {
        if (_upgraded)
        {
            return;
        }

        await _upgrade.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            _upgraded = _upgraded || await TransactAsync(
                async session =>
                {
                    await session.ExecuteAsync("select pg_advisory_xact_lock(4843279914)").ConfigureAwait(false); // any number that nobody else uses
                    await Migrations.ApplyAsync(session, Identity).ConfigureAwait(false);
                    return true;
                },
                cancellation).ConfigureAwait(false);
        }
        finally
        {
            _upgrade.Release();
        }
    }

    private async Task<T> TransactAsync<T>(Func<Session, Task<T>> work, CancellationToken cancellation)
    {
        await using var connection = await _source.OpenConnectionAsync(cancellation).ConfigureAwait(false);
        await using var transaction = await connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
        await using var clock = new NpgsqlCommand("select (extract(epoch from clock_timestamp()) * 1000)::bigint", connection, transaction);
        var now = (long)(await clock.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!;
        var result = await work(new Session(transaction, now, isShared: true, cancellation)).ConfigureAwait(false);
        await transaction.CommitAsync(cancellation).ConfigureAwait(false);
        return result;
    }
}
