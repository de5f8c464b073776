using System.Text;
using CtfService.Jobs.Databases;
using CtfService.Jobs.Work;
using Dapper;

namespace CtfService.Jobs.Usage;

/// <summary>Counts in the tables, by the clock of the database. Thread-safe.</summary>
internal sealed class SqlUsageCounters(IDatabase database)
{
    /// <summary>A request waits for it.</summary>
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(1);

    /// <summary>Time after the end of a window until its row is deleted, and between two deletions, milliseconds.</summary>
    private const long SweepInterval = 3_600_000;

    private long _swept;

    /// <summary>Makes several changes in one transaction, one after the other, and returns their receipts.</summary>
    /// <param name="changes">May be empty, to find out whether the store works.</param>
    /// <exception cref="JobStoreUnavailableException">The store cannot be reached or written.</exception>
    public Task<List<UsageReceipt>> ApplyAsync(IReadOnlyList<UsageChange> changes) => database.RunAsync(
        async session =>
        {
            await SweepAsync(session).ConfigureAwait(false);
            var keys = changes.SelectMany(change => change.Keys).Distinct().OrderBy(key => key.Owner, StringComparer.Ordinal)
                .ThenBy(key => key.Name, StringComparer.Ordinal).ToList(); // locked in this order everywhere, so that no two transactions wait for each other
            var before = await LockAsync(session, keys).ConfigureAwait(false);
            var after = new Dictionary<UsageKey, UsageWindow>(before);
            var receipts = changes.Select(change => change.Apply(after, session.Now)).ToList();
            await WriteAsync(session, [.. keys.Where(key => after[key] != before[key])], after).ConfigureAwait(false);
            return receipts;
        },
        TimeLimit,
        CancellationToken.None);

    /// <summary>Returns the windows of counters, whose rows stay locked until the end of the transaction.</summary>
    private static async Task<Dictionary<UsageKey, UsageWindow>> LockAsync(Session session, List<UsageKey> keys)
    {
        if (keys.Count == 0)
        {
            return [];
        }

        var rows = await session.ListAsync<UsageRow>(
            $"{Insert(keys.Count)} do update set used = usage_windows.used returning owner, name, started, ends, used",
            Values(keys, _ => default)).ConfigureAwait(false);
        return rows.ToDictionary(row => new UsageKey(row.Owner, row.Name), row => new UsageWindow(row.Started, row.Ends, row.Used));
    }

    private static Task WriteAsync(Session session, List<UsageKey> keys, Dictionary<UsageKey, UsageWindow> windows) => keys.Count == 0
        ? Task.CompletedTask
        : session.ExecuteAsync(
            $"{Insert(keys.Count)} do update set started = excluded.started, ends = excluded.ends, used = excluded.used",
            Values(keys, key => windows[key]));

    private static string Insert(int rows)
    {
        var sql = new StringBuilder("insert into usage_windows (owner, name, started, ends, used) values ");
        for (var row = 0; row < rows; row++)
        {
            sql.Append(row == 0 ? "" : ", ").Append($"(@o{row}, @n{row}, @s{row}, @e{row}, @u{row})");
        }

        return sql.Append(" on conflict (owner, name)").ToString();
    }

    private static DynamicParameters Values(List<UsageKey> keys, Func<UsageKey, UsageWindow> window)
    {
        var values = new DynamicParameters();
        foreach (var (row, key) in keys.Index())
        {
            var value = window(key);
            values.Add($"o{row}", key.Owner);
            values.Add($"n{row}", key.Name);
            values.Add($"s{row}", value.Started);
            values.Add($"e{row}", value.Ends);
            values.Add($"u{row}", value.Used);
        }

        return values;
    }

    private async Task SweepAsync(Session session)
    {
        if (session.Now - _swept > SweepInterval)
        {
            await session.ExecuteAsync("delete from usage_windows where ends < @past", new { past = session.Now - SweepInterval }).ConfigureAwait(false);
            _swept = session.Now;
        }
    }

    private sealed record UsageRow(string Owner, string Name, long Started, long Ends, long Used);
}
