using System.ComponentModel.DataAnnotations;

namespace CtfService.Api.Idempotency;

/// <summary>How long answers are remembered for requests with an <c>Idempotency-Key</c>. Read once at start.</summary>
public sealed record IdempotencyOptions
{
    public const string SectionName = "Idempotency";

    /// <summary>How long an answer is remembered. 1 s..7 d, default 1 h.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "7.00:00:00")]
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Memory for all remembered answers together, bytes; above it the oldest are forgotten, at 0 none is remembered. 0..64 GiB, default 64 MiB.</summary>
    [Range(0.0, 68_719_476_736.0)]
    public long MaxBytes { get; init; } = 64 * 1_024 * 1_024;
}
