using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace CtfService.Api.Contracts;

/// <summary>A file to upload, sent as <c>multipart/form-data</c>. Describes the form; the file itself is never held in memory.</summary>
public sealed record UploadFileRequest
{
    /// <summary>The content, with a file name.</summary>
    public required IFormFile File { get; init; }

    /// <summary>What the file is for: <c>batch</c>.</summary>
    [AllowedValues(FilePurposes.Batch)]
    public required string Purpose { get; init; }

    /// <summary>What the time until the file is deleted counts from: <c>created_at</c>. Required with <c>expires_after[seconds]</c>.</summary>
    [JsonPropertyName("expires_after[anchor]"), AllowedValues(ExpiryFields.CreatedAt)]
    public string? ExpiresAfterAnchor { get; init; }

    /// <summary>Seconds after which the file is deleted, an hour to 30 days. Absent: after Jobs:Retention, 30 days by default.</summary>
    [JsonPropertyName("expires_after[seconds]"), Range(ExpiryFields.MinSeconds, ExpiryFields.MaxSeconds)]
    public int? ExpiresAfterSeconds { get; init; }
}

/// <summary>Purposes of files, as in OpenAI's API.</summary>
internal static class FilePurposes
{
    /// <summary>The requests of a batch, or a picture that they name.</summary>
    public const string Batch = "batch";

    /// <summary>Results or errors of a batch.</summary>
    public const string BatchOutput = "batch_output";

    public static readonly string[] All = [Batch, BatchOutput];
}

/// <summary>The object <c>expires_after</c> of OpenAI's API: seconds after an anchor.</summary>
internal static class ExpiryFields
{
    /// <summary>The only anchor: the time at which the file is created.</summary>
    public const string CreatedAt = "created_at";

    /// <summary>An hour.</summary>
    public const int MinSeconds = 3_600;

    /// <summary>30 days.</summary>
    public const int MaxSeconds = 2_592_000;
}
