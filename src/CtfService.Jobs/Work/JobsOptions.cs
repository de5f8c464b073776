using System.ComponentModel.DataAnnotations;

namespace CtfService.Jobs.Work;

/// <summary>Limits of bulk jobs, and how they run. Read once at startup.</summary>
public sealed record JobsOptions
{
    public const string SectionName = "Jobs";

    /// <summary>Serves <c>/v1/files</c>, <c>/v1/batches</c> and <c>/v1/datasets</c>, and works on jobs.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>
    /// Number of shards that this process works on at the same time. With 2, the next shard fills the rows that the last images of one leave free.
    /// </summary>
    [Range(1, 64)]
    public int Concurrency { get; init; } = 2;

    /// <summary>Largest number of images in a shard. A shard should take 5 to 60 seconds.</summary>
    [Range(1, 10_000)]
    public int ShardImages { get; init; } = 128;

    /// <summary>Time without a sign of life from a worker after which other workers take its shards.</summary>
    [Range(typeof(TimeSpan), "00:00:03", "00:10:00")]
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Number of failed attempts at a shard after which its items count as failed. An attempt whose process was killed does not count; a shard that loses five
    /// processes, and so stands out among those of its job, is given up.
    /// </summary>
    [Range(1, 100)]
    public int MaxAttempts { get; init; } = 3;

    /// <summary>Time from the creation of a job to its expiry, unless the request names a shorter one.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "365.00:00:00")]
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Time from the end of a job to the deletion of the job and its files.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Largest number of requests in a batch.</summary>
    [Range(1, 1_000_000)]
    public int MaxBatchRequests { get; init; } = 50_000;

    /// <summary>Largest length of an uploaded file, in bytes.</summary>
    [Range(1_024L, 1L << 40)]
    public long MaxFileBytes { get; init; } = 209_715_200;

    /// <summary>Longest time that an upload may take.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan UploadTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Largest sum of the lengths of the files of one key, in bytes; 0 means no limit.</summary>
    [Range(0L, 1L << 50)]
    public long MaxStoredBytes { get; init; }

    /// <summary>Largest number of images in a job.</summary>
    [Range(1L, 1_000_000_000L)]
    public long MaxImages { get; init; } = 1_000_000;

    /// <summary>Largest number of unfinished jobs of one key. Each unfinished batch keeps a copy of its input file.</summary>
    [Range(1, 100_000)]
    public int MaxUnfinishedJobs { get; init; } = 100;

    /// <summary>Largest number of images in all unfinished jobs of one key; 0 means no limit.</summary>
    [Range(0L, 1_000_000_000_000L)]
    public long MaxUnfinishedImages { get; init; }

    /// <summary>Secret that signs webhooks (HMAC-SHA256), at least 24 characters. Empty: requests with a webhook are refused.</summary>
    [RegularExpression("^$|^.{24,}$")]
    public string WebhookSecret { get; init; } = "";

    /// <summary>Allows webhooks to addresses of this machine and of private networks.</summary>
    public bool WebhooksToPrivateNetworks { get; init; }
}
