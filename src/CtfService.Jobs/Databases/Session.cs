using System.Data.Common;
using Dapper;

namespace CtfService.Jobs.Databases;

/// <summary>A transaction of a database.</summary>
/// <param name="now">The time of the transaction, by the clock of the database: milliseconds since 1970 in UTC.</param>
/// <param name="isShared">True if other processes use the database, so that rows must be locked and changes announced.</param>
internal sealed class Session(DbTransaction transaction, long now, bool isShared, CancellationToken cancellation)
{
    public const string Channel = "ctf_jobs";

    public long Now => now;

    /// <summary>Ends a query that locks its rows until the end of the transaction.</summary>
    public string ForUpdate => isShared ? " for update" : "";

    /// <summary>As <see cref="ForUpdate"/>; leaves out rows that another transaction has locked.</summary>
    public string SkipLocked => isShared ? " for update skip locked" : "";

    /// <summary>Compares a column with the values of a list.</summary>
    /// <param name="parameter">Such as <c>@ids</c>.</param>
    public string In(string parameter) => isShared ? $"= any({parameter})" : $"in {parameter}";

    /// <summary>Returns the number of changed rows.</summary>
    public Task<int> ExecuteAsync(string sql, object? values = null) => transaction.Connection!.ExecuteAsync(Command(sql, values));

    /// <summary>Returns the first row; null if there is none.</summary>
    public Task<T?> FirstAsync<T>(string sql, object? values = null) => transaction.Connection!.QueryFirstOrDefaultAsync<T>(Command(sql, values));

    public async Task<List<T>> ListAsync<T>(string sql, object? values = null) =>
        (await transaction.Connection!.QueryAsync<T>(Command(sql, values)).ConfigureAwait(false)).AsList();

    /// <summary>Tells the other processes, when the transaction commits, that a job has changed.</summary>
    public Task AnnounceAsync(string job) =>
        isShared ? ExecuteAsync($"select pg_notify('{Channel}', @job)", new { job }) : Task.CompletedTask;

    private CommandDefinition Command(string sql, object? values) => new(sql, values, transaction, cancellationToken: cancellation);
}
