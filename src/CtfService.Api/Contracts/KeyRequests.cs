using System.ComponentModel.DataAnnotations;

namespace CtfService.Api.Contracts;

/// <summary>A request to create an API key.</summary>
public sealed record CreateKeyRequest
{
    /// <summary>Name of the key, for logs, limits and the ownership of jobs: 1 to 64 letters, digits, dots, hyphens and underscores.</summary>
    [Required]
    public string? Name { get; init; }

    /// <summary>Share of the key in bulk jobs: a key with 2 gets twice the images of a key with 1. By default 1.</summary>
    [Range(1, 1_000)]
    public int? Weight { get; init; }

    /// <summary>Whether the key may use the endpoints of operators. By default false.</summary>
    public bool? Admin { get; init; }

    /// <summary>Requests per minute of the key. 0 means no limit; by default, Security:RequestsPerMinute applies.</summary>
    [Range(0, 1_000_000)]
    public int? RequestsPerMinute { get; init; }

    /// <summary>Images per minute of the key, those of jobs excluded. 0 means no limit; by default, Security:ImagesPerMinute applies.</summary>
    [Range(0, 1_000_000)]
    public int? ImagesPerMinute { get; init; }

    /// <summary>Images per day of the key, those of jobs included. 0 means no limit; by default, Security:ImagesPerDay applies.</summary>
    [Range(0, 1_000_000_000)]
    public int? ImagesPerDay { get; init; }

    /// <summary>Whether requests of the key may have <c>priority: high</c>, which comes before all others. By default false.</summary>
    public bool? MayRequestHighPriority { get; init; }

    /// <summary>When the key stops working, seconds since 1970. By default never.</summary>
    public long? ExpiresAt { get; init; }
}

/// <summary>A request to replace the secret of an API key.</summary>
public sealed record RotateKeyRequest
{
    internal const int MaxGraceSeconds = 30 * 24 * 3_600;

    /// <summary>Seconds that the earlier secrets still work; 0 ends them at once.</summary>
    [Required]
    [Range(0, MaxGraceSeconds)]
    public int? GraceSeconds { get; init; }
}
