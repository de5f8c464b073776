using System.ComponentModel.DataAnnotations;

namespace CtfService.Api.Idempotency;

/// <summary>Retention of the responses to requests with an <c>Idempotency-Key</c>. Read once at startup.</summary>
public sealed record IdempotencyOptions
{
    public const string SectionName = "Idempotency";

    /// <summary>Time that the response to a request with an <c>Idempotency-Key</c> is kept for repeated requests.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "7.00:00:00")]
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Space in bytes for all stored responses, in memory or in the database (<c>Storage:State</c>). Above it, the oldest are dropped; 0 stores none.
    /// </summary>
    [Range(0.0, 68_719_476_736.0)]
    public long MaxBytes { get; init; } = 64 * 1_024 * 1_024;
}
