namespace CtfService.Jobs.Files;

/// <summary>
/// Keeps files by name: uploads, results of shards, outputs. A file appears whole or not at all and never changes. Names have components of letters, digits,
/// dots, hyphens and underscores, separated by slashes. Thread-safe; several processes may share a store.
/// </summary>
/// <remarks>Every method throws <see cref="FileStoreUnavailableException"/> if the storage fails.</remarks>
public interface IFileStore
{
    /// <summary>Returns a file's length and time; null if there is no such file.</summary>
    Task<StoredFile?> FindAsync(string name, CancellationToken cancellation);

    /// <summary>Opens a file for reading from an offset; dispose the stream. Returns null if there is no such file.</summary>
    /// <param name="length">Number of bytes to read; null for all that follow.</param>
    Task<Stream?> OpenAsync(string name, long offset, long? length, CancellationToken cancellation);

    /// <summary>Writes a file aside and then gives it its name. If a file with the name exists by then, that one stays: the first complete one wins.</summary>
    /// <param name="write">Writes the content. If it throws, nothing is stored.</param>
    /// <returns>False if the file already existed.</returns>
    Task<bool> PublishAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancellation);

    /// <summary>Returns the files whose names start with a prefix, in ordinal order.</summary>
    IAsyncEnumerable<StoredFile> ListAsync(string prefix, CancellationToken cancellation);

    /// <summary>Deletes a file. Does nothing if there is none.</summary>
    Task DeleteAsync(string name, CancellationToken cancellation);
}

/// <summary>A file of the store.</summary>
/// <param name="Length">Bytes.</param>
public sealed record StoredFile(string Name, long Length, DateTimeOffset WrittenAt);

/// <summary>The storage cannot be reached, is full or read-only. The message says what to do.</summary>
public sealed class FileStoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
