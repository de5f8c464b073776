using CtfService.Jobs.Work;

namespace CtfService.Jobs.Databases;

/// <summary>Transactions that a request waits for, which must not wait longer than the request can.</summary>
internal static class TimeLimits
{
    /// <summary>Time that an interrupted statement has to end.</summary>
    private static readonly TimeSpan TimeToEnd = TimeSpan.FromSeconds(1);

    /// <summary>Runs work in a transaction, as <see cref="IDatabase.RunAsync"/> does, for a limited time.</summary>
    /// <remarks>
    /// A statement that is interrupted ends when the server has heard of it, which may take a minute if it does not answer at all. It is left to itself then.
    /// </remarks>
    /// <exception cref="JobStoreUnavailableException">The database cannot be used now, or did not answer in time.</exception>
    public static Task<T> RunAsync<T>(this IDatabase database, Func<Session, Task<T>> work, TimeSpan limit, CancellationToken cancellation) =>
        RunAsync(timeout => database.RunAsync(work, timeout), limit, cancellation);

    /// <summary>Runs work on the database for a limited time.</summary>
    /// <inheritdoc cref="RunAsync{T}(IDatabase, Func{Session, Task{T}}, TimeSpan, CancellationToken)"/>
    public static Task RunAsync(Func<CancellationToken, Task> work, TimeSpan limit, CancellationToken cancellation) => RunAsync(
        async timeout =>
        {
            await work(timeout).ConfigureAwait(false);
            return true;
        },
        limit,
        cancellation);

    private static async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> work, TimeSpan limit, CancellationToken cancellation)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(limit);
        var running = work(timeout.Token);
        try
        {
            return await running.WaitAsync(limit + TimeToEnd, CancellationToken.None).ConfigureAwait(false);
        }
        catch (TimeoutException silence)
        {
            _ = running.ContinueWith(static late => late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            throw new JobStoreUnavailableException("The database does not answer at all. Check the server and the network between.", silence);
        }
        catch (OperationCanceledException late) when (!cancellation.IsCancellationRequested)
        {
            throw new JobStoreUnavailableException($"The database did not answer within {limit.TotalSeconds} s. Check the server and its load.", late);
        }
    }
}
