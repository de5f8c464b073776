using CtfService.Jobs.Work;

namespace CtfService.Jobs.Databases;

/// <summary>Transactions that a request waits for, which must not wait longer than the request can.</summary>
internal static class TimeLimits
{
    /// <summary>Runs work in a transaction, as <see cref="IDatabase.RunAsync"/> does, for a limited time.</summary>
    /// <param name="limit">An interrupted statement may take two seconds more to end.</param>
    /// <exception cref="JobStoreUnavailableException">The database cannot be used now, or did not answer in time.</exception>
    public static async Task<T> RunAsync<T>(this IDatabase database, Func<Session, Task<T>> work, TimeSpan limit, CancellationToken cancellation)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(limit);
        try
        {
            return await database.RunAsync(work, timeout.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException late) when (!cancellation.IsCancellationRequested)
        {
            throw new JobStoreUnavailableException($"The database did not answer within {limit.TotalSeconds} s. Check the server and its load.", late);
        }
    }
}
