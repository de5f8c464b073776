namespace CtfService.Jobs.Work;

/// <summary>Creates, finds and cancels jobs; what the endpoints use. Durable: what a method returns survives a crash. Thread-safe.</summary>
/// <remarks>Every method throws <see cref="JobStoreUnavailableException"/> if the store cannot be reached or written.</remarks>
public interface IJobService
{
    /// <summary>
    /// Creates a job in the state <see cref="JobState.Validating"/>; a worker takes it from there. Throws what <see cref="NewJob.Admit"/> throws.
    /// </summary>
    Task<Job> CreateAsync(NewJob job, CancellationToken cancellation);

    /// <summary>Returns a job of this owner and kind; null if there is none.</summary>
    Task<Job?> FindAsync(string tenant, string kind, string id, CancellationToken cancellation);

    /// <summary>Returns jobs of an owner, newest first.</summary>
    /// <param name="after">Id of the last job of the previous page; null for the first page.</param>
    /// <param name="limit">1 to 1000.</param>
    Task<JobPage> ListAsync(string tenant, string kind, string? after, int limit, CancellationToken cancellation);

    /// <summary>Asks a job to stop. Does nothing if it has ended. Returns null if there is no such job.</summary>
    Task<Job?> CancelAsync(string tenant, string kind, string id, CancellationToken cancellation);

    /// <summary>
    /// Deletes the rows of a job that has ended; delete its files first. Returns false if there is no such job, or if it has not ended.
    /// </summary>
    Task<bool> DeleteAsync(string tenant, string kind, string id, CancellationToken cancellation);

    /// <summary>Counts the unfinished jobs of an owner.</summary>
    Task<UnfinishedWork> UnfinishedAsync(string tenant, CancellationToken cancellation);

    /// <summary>Returns the job now and after each change, until it has ended.</summary>
    IAsyncEnumerable<Job> WatchAsync(string tenant, string kind, string id, CancellationToken cancellation);
}

/// <summary>Jobs of a list.</summary>
/// <param name="HasMore">True if older ones follow.</param>
public sealed record JobPage(IReadOnlyList<Job> Jobs, bool HasMore);

/// <summary>The jobs of an owner that have not ended.</summary>
/// <param name="Images">Images that they ask for; a batch counts when it is validated.</param>
public sealed record UnfinishedWork(long Jobs, long Images);

/// <summary>The store of the jobs cannot be reached, is full, read-only or damaged. The message says what to do.</summary>
/// <param name="problem">What is wrong, and what to do about it.</param>
public sealed class JobStoreUnavailableException(string problem, Exception? inner = null) : Exception(problem, inner)
{
    /// <summary>What happens to the jobs of a service that runs; null for nothing to add.</summary>
    public string? Outlook { get; init; }

    /// <summary>True, the default, if time may mend it. False if a person must: settings, rights, or a damaged file.</summary>
    public bool MayPass { get; init; } = true;

    /// <summary>What is wrong and what to do about it, without <see cref="Outlook"/>.</summary>
    public string Problem => base.Message;

    public override string Message => Outlook is null ? Problem : $"{Problem} {Outlook}";
}
