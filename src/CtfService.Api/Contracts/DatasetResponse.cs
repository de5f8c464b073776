using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace CtfService.Api.Contracts;

/// <summary>A data set: what was asked for, and how far it is. Times are seconds since 1970; null if they have not come.</summary>
public sealed record DatasetResponse
{
    /// <summary>Identifies the data set in other routes; <c>dset_</c> and random letters and digits.</summary>
    public required string Id { get; init; }

    /// <summary>Always <c>dataset</c>.</summary>
    [JsonPropertyName("object")]
    [AllowedValues("dataset")]
    public string ObjectType { get; init; } = "dataset";

    /// <summary>
    /// <c>validating</c>: waits to begin. <c>in_progress</c>: images are drawn. <c>finalizing</c>: files are put together. <c>completed</c>: all images were
    /// drawn, except those that image_counts counts as failed. <c>failed</c>: refused, or the files could not be put together. <c>expired</c>,
    /// <c>cancelled</c>: ended early, with the files that were finished by then. <c>cancelling</c>: stops the images that run, then becomes <c>cancelled</c>.
    /// </summary>
    [AllowedValues("validating", "in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled")]
    public required string Status { get; init; }

    /// <summary>Why the job does not proceed although it has work, such as another model being loaded; null if nothing is known to stop it.</summary>
    public string? WaitingFor { get; init; }

    public required long CreatedAt { get; init; }

    public long? InProgressAt { get; init; }

    public long? FinalizingAt { get; init; }

    public long? CompletedAt { get; init; }

    public long? FailedAt { get; init; }

    public long? ExpiredAt { get; init; }

    public long? CancellingAt { get; init; }

    public long? CancelledAt { get; init; }

    /// <summary>When the job gives up what is unfinished.</summary>
    public required long ExpiresAt { get; init; }

    /// <summary>Progress in images.</summary>
    public required ImageCounts ImageCounts { get; init; }

    /// <summary>Images per second since the job began; null before its first file and after its end.</summary>
    public double? ImagesPerSecond { get; init; }

    /// <summary>Expected time to the last image at that rate, seconds; null if images_per_second is null.</summary>
    public double? SecondsLeft { get; init; }

    /// <summary>Start of the names of files and images.</summary>
    public required string Name { get; init; }

    /// <summary>How the data set is stored.</summary>
    [AllowedValues("imagefolder", "webdataset", "npz", "parquet")]
    public required string Format { get; init; }

    /// <summary>File format of the images: png, jpeg or webp; null for npz.</summary>
    public string? ImageFormat { get; init; }

    /// <summary>Quality of JPEG and WebP; null for PNG and npz.</summary>
    public int? Quality { get; init; }

    /// <summary>Number of images in each file but the last.</summary>
    public required int ShardSize { get; init; }

    /// <summary>Number of shards.</summary>
    public required int Shards { get; init; }

    /// <summary>Number of classes with images.</summary>
    public required int Classes { get; init; }

    /// <summary>Seed of the data set: the same request with this seed gives the same files.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Name of the model.</summary>
    public required string Model { get; init; }

    /// <summary>SHA-256 of the manifest of the model.</summary>
    public required string BundleHash { get; init; }

    /// <summary>Sampling of the coarse stage, defaults filled in.</summary>
    public required StageDefaults Coarse { get; init; }

    /// <summary>Sampling of the fine stage, defaults filled in; null if the model has none.</summary>
    public StageDefaults? Fine { get; init; }

    /// <summary>Size of all files, bytes; null if it is not known before they are written.</summary>
    public long? EstimatedBytes { get; init; }

    /// <summary>The notes of the request; null if it had none.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Address that receives a signed POST when the job has ended; null if there is none.</summary>
    public string? Webhook { get; init; }

    /// <summary>Why the job failed; empty if it did not.</summary>
    public required IReadOnlyList<DatasetError> Errors { get; init; }

    /// <summary>All files, once the job has ended with some; null before. <c>GET /v1/datasets/{id}/files</c> also lists those of a running job.</summary>
    public IReadOnlyList<DatasetFileEntry>? Files { get; init; }
}

/// <summary>Progress of a data set, in images.</summary>
/// <param name="Total">Images that were asked for.</param>
/// <param name="Completed">Images in finished files.</param>
/// <param name="Failed">Images that could not be drawn after several attempts; the file errors.jsonl lists them.</param>
public sealed record ImageCounts(long Total, long Completed, long Failed);

/// <summary>A reason why a data set failed.</summary>
/// <param name="Code">For programs.</param>
/// <param name="Message">For people.</param>
/// <param name="Param">The field of the request with the problem; null if there is none.</param>
public sealed record DatasetError(string Code, string Message, string? Param);
