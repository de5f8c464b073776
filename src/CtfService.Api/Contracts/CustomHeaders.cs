namespace CtfService.Api.Contracts;

/// <summary>Names of the headers that ASP.NET Core's <see cref="Microsoft.Net.Http.Headers.HeaderNames"/> does not have.</summary>
internal static class CustomHeaders
{
    /// <summary>Identifies a request in the log; sent by the caller, or made by the service.</summary>
    public const string RequestId = "X-Request-Id";

    /// <summary>An alternative to <c>Authorization: Bearer KEY</c>.</summary>
    public const string ApiKey = "x-api-key";

    /// <summary>Limits the time of a request, as <c>timeout_ms</c> does.</summary>
    public const string RequestTimeout = "X-Request-Timeout";

    /// <summary>Makes a request safe to repeat (draft-ietf-httpapi-idempotency-key-header).</summary>
    public const string IdempotencyKey = "Idempotency-Key";

    /// <summary>Marks a response that replays an earlier one.</summary>
    public const string IdempotentReplayed = "Idempotent-Replayed";

    /// <summary>The request's seed, beside an image file; repeats a whole contact sheet.</summary>
    public const string Seed = "X-Seed";

    /// <summary>Name of the class, beside an image file.</summary>
    public const string ClassLabel = "X-Class-Label";

    /// <summary>Names of the fields that the response's warnings are about.</summary>
    public const string Warnings = "X-Warnings";
}
