using System.ComponentModel.DataAnnotations;

namespace CtfService.Jobs.Store;

/// <summary>Where jobs, their files and the state of the service are kept. Read once at startup.</summary>
public sealed record StorageOptions
{
    public const string SectionName = "Storage";

    /// <summary>
    /// Folder of the SQLite database and of the files of jobs, created at the first use; relative to the current folder. With several replicas, a folder that
    /// all of them share.
    /// </summary>
    [Required]
    public string Folder { get; init; } = "data";

    /// <summary>
    /// Connection string of a PostgreSQL database that several replicas share, such as <c>Host=db;Database=ctf;Username=ctf;Password=...</c>. Empty: a SQLite
    /// file in <c>Folder</c>, for one process.
    /// </summary>
    public string ConnectionString { get; init; } = "";

    /// <summary>
    /// Where responses to an <c>Idempotency-Key</c>, quotas and rate counters are kept: <c>memory</c>, that of each process; <c>database</c>, the one in
    /// <c>ConnectionString</c> or the SQLite file, which exists from the first use; <c>auto</c>: <c>database</c> with a <c>ConnectionString</c>, otherwise
    /// <c>memory</c>. API keys are always in the database.
    /// </summary>
    [AllowedValues("auto", "memory", "database", ErrorMessage = "auto, memory or database")]
    public string State { get; init; } = "auto";

    /// <summary>Bucket of an S3-compatible storage that keeps the files of jobs. Empty: they are kept in <c>Folder</c>.</summary>
    public string S3Bucket { get; init; } = "";

    /// <summary>Prefix of all names in the bucket, such as <c>ctf/</c>.</summary>
    public string S3Prefix { get; init; } = "";

    /// <summary>Address of a storage other than Amazon's, such as <c>http://minio:9000</c>.</summary>
    public string S3ServiceUrl { get; init; } = "";

    /// <summary>Region of the bucket, such as <c>eu-central-1</c>.</summary>
    public string S3Region { get; init; } = "";

    /// <summary>Access key. Empty: the usual sources of Amazon's SDK (environment, profile, role).</summary>
    public string S3AccessKeyId { get; init; } = "";

    /// <summary>Secret of the access key.</summary>
    public string S3SecretAccessKey { get; init; } = "";

    /// <summary>True if what <see cref="State"/> lists is kept in the database; false if it is kept in the memory of the process.</summary>
    public bool KeepsStateInDatabase() => State == "database" || (State == "auto" && ConnectionString.Length > 0);
}
