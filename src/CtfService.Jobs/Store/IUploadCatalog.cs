namespace CtfService.Jobs.Store;

/// <summary>
/// Rows of the files that owners uploaded or that jobs produced for them (OpenAI's <c>/v1/files</c>). The content is in the file store. Thread-safe.
/// </summary>
public interface IUploadCatalog
{
    Task AddAsync(UploadedFile file, CancellationToken cancellation);

    /// <summary>Returns a file of this owner that has not expired; null if there is none.</summary>
    Task<UploadedFile?> FindAsync(string tenant, string id, CancellationToken cancellation);

    /// <summary>Returns files of an owner, newest first or oldest first.</summary>
    /// <param name="purpose">Null for every purpose.</param>
    /// <param name="after">Id of the last file of the previous page; null for the first page.</param>
    Task<(IReadOnlyList<UploadedFile> Files, bool HasMore)> ListAsync(
        string tenant, string? purpose, string? after, int limit, bool newestFirst, CancellationToken cancellation);

    /// <summary>Deletes the row. Returns false if there is none.</summary>
    Task<bool> DeleteAsync(string tenant, string id, CancellationToken cancellation);

    /// <summary>Returns the sum of the lengths of an owner's files, bytes.</summary>
    Task<long> BytesAsync(string tenant, CancellationToken cancellation);
}

/// <summary>A file that an owner can name in a request and download.</summary>
/// <param name="Id">Unique, such as <c>file-...</c>; unguessable.</param>
/// <param name="Tenant">Owner; empty without keys.</param>
/// <param name="FileName">As the owner named it.</param>
/// <param name="Purpose"><c>batch</c> or <c>batch_output</c>.</param>
/// <param name="StoredName">Name in the file store.</param>
/// <param name="ExpiresAt">Null if it does not expire.</param>
public sealed record UploadedFile(
    string Id, string Tenant, string FileName, long Bytes, string Purpose, string StoredName, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt)
{
    /// <summary>Prefix of the names of uploads in the file store; outputs of jobs have others.</summary>
    public const string UploadPrefix = "uploads/";
}
