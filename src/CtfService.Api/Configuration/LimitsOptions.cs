using System.ComponentModel.DataAnnotations;

namespace CtfService.Api.Configuration;

/// <summary>What one request may ask for. Read once at start.</summary>
public sealed record LimitsOptions
{
    public const string SectionName = "Limits";

    /// <summary>Largest <c>n</c>; at most Inference:MaxQueuedImages. 1..1,000, default 16.</summary>
    [Range(1, 1_000)]
    public int MaxImagesPerRequest { get; init; } = 16;

    /// <summary>Largest guidance scale of either stage. 1..1,000, default 20.</summary>
    [Range(1.0, 1_000.0)]
    public float MaxGuidanceScale { get; init; } = 20;

    /// <summary>Largest temperature of either stage. 0..1,000, default 10.</summary>
    [Range(0.0, 1_000.0)]
    public float MaxTemperature { get; init; } = 10;

    /// <summary>Largest request body, bytes. 1 KiB..100 MiB, default 64 KiB.</summary>
    [Range(1_024, 100 * 1_024 * 1_024)]
    public int MaxRequestBodyBytes { get; init; } = 64 * 1_024;

    /// <summary>Largest uploaded image file, bytes. 1 KiB..100 MiB, default 10 MiB.</summary>
    [Range(1_024, 100 * 1_024 * 1_024)]
    public int MaxUploadBytes { get; init; } = 10 * 1_024 * 1_024;

    /// <summary>Largest uploaded image, width times height; decoding takes seven bytes a pixel. 1,024..100,000,000, default 16,777,216.</summary>
    [Range(1_024, 100_000_000)]
    public int MaxUploadPixels { get; init; } = 16_777_216;
}
