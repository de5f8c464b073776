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

    /// <summary>Number of images in a shard of a data set, and the most images in a shard of a batch. A shard should take 5 to 60 seconds.</summary>
    [Range(1, 10_000)]
    public int ShardImages { get; init; } = 128;

    /// <summary>Time after which the shards of a worker that gave no sign of life are given to another.</summary>
    [Range(typeof(TimeSpan), "00:00:03", "00:10:00")]
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Number of attempts at a shard before its items count as failed. An attempt whose process was killed counts; where that happens more often than a shard
    /// takes, allow more.
    /// </summary>
    [Range(1, 100)]
    public int MaxAttempts { get; init; } = 3;

    /// <summary>Time from its creation after which a job expires, unless the request names a shorter one.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "365.00:00:00")]
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Time after which a job that ended, and its files, are deleted.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Most requests in a batch.</summary>
    [Range(1, 1_000_000)]
    public int MaxBatchRequests { get; init; } = 50_000;

    /// <summary>Largest uploaded file, bytes.</summary>
    [Range(1_024L, 1L << 40)]
    public long MaxFileBytes { get; init; } = 209_715_200;

    /// <summary>Time in which an uploaded file must arrive.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan UploadTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Most bytes of files that one key may keep; 0 means no limit.</summary>
    [Range(0L, 1L << 50)]
    public long MaxStoredBytes { get; init; }

    /// <summary>Most images in one job.</summary>
    [Range(1L, 1_000_000_000L)]
    public long MaxImages { get; init; } = 1_000_000;

    /// <summary>Most images in all unfinished jobs of one key; 0 means no limit.</summary>
    [Range(0L, 1_000_000_000_000L)]
    public long MaxUnfinishedImages { get; init; }

    /// <summary>Secret that signs webhooks (HMAC-SHA256), at least 24 characters. Empty: requests with a webhook are refused.</summary>
    [RegularExpression("^$|^.{24,}$")]
    public string WebhookSecret { get; init; } = "";

    /// <summary>Allows webhooks to addresses of this machine and of private networks.</summary>
    public bool WebhooksToPrivateNetworks { get; init; }
}
