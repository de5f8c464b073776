namespace CtfService.Jobs.Store;

/// <summary>A row of the table of files.</summary>
internal sealed class FileRow
{
    /// <summary>Reads the columns under the names of the properties.</summary>
    public const string Select = "select id, tenant, file_name as FileName, bytes, purpose, stored_name as StoredName, created, expires from files";

    public required string Id { get; init; }

    public required string Tenant { get; init; }

    public required string FileName { get; init; }

    public long Bytes { get; init; }

    public required string Purpose { get; init; }

    public required string StoredName { get; init; }

    public long Created { get; init; }

    public long? Expires { get; init; }

    public UploadedFile ToFile() => new(Id, Tenant, FileName, Bytes, Purpose, StoredName, Timestamp.Of(Created), Timestamp.Of(Expires));
}
