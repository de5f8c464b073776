using Dapper;
using Microsoft.Data.Sqlite;

namespace CtfService.Jobs.Databases;

/// <summary>
/// A SQLite file, for one process. Transactions run one after the other on one connection: each takes a millisecond. After an error the file is opened again,
/// so that a mended one is used.
/// </summary>
/// <param name="folder">Created at the first use.</param>
internal sealed class SqliteDatabase(string folder, TimeProvider clock) : IDatabase
{
    /// <summary>Seconds that opening waits for another program that holds the file; a start that cannot open it must say so within a few.</summary>
    private const int OpenTimeout = 2;

    /// <summary>Seconds that a transaction waits for another program that holds the file.</summary>
    private const int Timeout = 5;

    private const string Identity = "integer primary key autoincrement";

    private readonly string _file = Path.GetFullPath(Path.Combine(folder, "jobs.db"));
    private readonly SemaphoreSlim _turn = new(1, 1);
    private FileStream? _lock; // under _turn, as is the connection
    private SqliteConnection? _connection;
    private bool _wasOpen;
    private bool _isClosed;

    public bool Exists => _wasOpen || File.Exists(_file);

    public bool IsShared => false;

    public async Task<T> RunAsync<T>(Func<Session, Task<T>> work, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            if (_wasOpen && !File.Exists(_file))
            {
                Close();
                throw SqliteErrors.Deleted(_file); // a new file would silently begin without the jobs of the old one
            }

            _connection ??= await OpenAsync(cancellation).ConfigureAwait(false);
            _wasOpen = true;
            return await TransactAsync(_connection, work, cancellation).ConfigureAwait(false);
        }
        catch (Exception exception) when (SqliteErrors.Describe(exception, _file) is { } unavailable)
        {
            Close();
            throw unavailable;
        }
        finally
        {
            _turn.Release();
        }
    }

    public async Task CheckAsync(CancellationToken cancellation)
    {
        if (Exists)
        {
            await RunAsync(_ => Task.FromResult(true), cancellation).ConfigureAwait(false);
            return;
        }

        try
        {
            SqliteFolder.RequireWritable(Path.GetDirectoryName(_file)!);
        }
        catch (Exception exception) when (SqliteErrors.Describe(exception, _file) is { } unavailable)
        {
            throw unavailable;
        }
    }

    public Task ListenAsync(Action<string> changed, CancellationToken cancellation) => Task.CompletedTask;

    public void Dispose()
    {
        _turn.Wait(); // a transaction takes a millisecond
        _isClosed = true;
        Close();
        _lock?.Dispose();
        _turn.Release();
    }

    private async Task<SqliteConnection> OpenAsync(CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_file)!);
        _lock ??= SqliteErrors.LockFor(_file);
        var settings = new SqliteConnectionStringBuilder { DataSource = _file, Pooling = false, DefaultTimeout = OpenTimeout };
        var connection = new SqliteConnection(settings.ToString());
        try
        {
            await connection.OpenAsync(cancellation).ConfigureAwait(false);
            await connection.ExecuteAsync("pragma journal_mode = wal; pragma synchronous = normal;").ConfigureAwait(false);
            await TransactAsync(connection, session => Done(Migrations.ApplyAsync(session, Identity)), cancellation).ConfigureAwait(false);
            connection.DefaultTimeout = Timeout;
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task<T> TransactAsync<T>(SqliteConnection connection, Func<Session, Task<T>> work, CancellationToken cancellation)
    {
        using var transaction = connection.BeginTransaction(deferred: false);
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var result = await work(new Session(transaction, now, isShared: false, cancellation)).ConfigureAwait(false);
        transaction.Commit();
        return result;
    }

    private static async Task<bool> Done(Task task)
    {
        await task.ConfigureAwait(false);
        return true;
    }

    private void Close()
    {
        _connection?.Dispose();
        _connection = null;
    }
}
