using CtfService.Jobs.Work;

namespace CtfService.Jobs.Databases;

/// <summary>A SQL database with the tables of the jobs, created and upgraded at the first use. Thread-safe.</summary>
internal interface IDatabase : IDisposable
{
    /// <summary>True if it exists or another process may create it. If false, there is nothing to read, and reading would create it.</summary>
    bool Exists { get; }

    /// <summary>True if other processes use it, too.</summary>
    bool IsShared { get; }

    /// <summary>Runs work in a transaction, again if the connection broke; commits unless it throws.</summary>
    /// <exception cref="JobStoreUnavailableException">The database cannot be used now.</exception>
    Task<T> RunAsync<T>(Func<Session, Task<T>> work, CancellationToken cancellation);

    /// <summary>Opens the database, if it exists; otherwise checks that it can be created, and creates nothing.</summary>
    /// <exception cref="JobStoreUnavailableException">The database cannot be opened or created.</exception>
    Task CheckAsync(CancellationToken cancellation);

    /// <summary>Calls back with each job that another process has changed. Returns when cancelled; at once if the database is not shared.</summary>
    /// <exception cref="JobStoreUnavailableException">The connection broke.</exception>
    Task ListenAsync(Action<string> changed, CancellationToken cancellation);
}
