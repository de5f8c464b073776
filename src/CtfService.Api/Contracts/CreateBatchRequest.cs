using System.ComponentModel.DataAnnotations;

namespace CtfService.Api.Contracts;

/// <summary>A request to run all requests of an uploaded file.</summary>
public sealed record CreateBatchRequest
{
    /// <summary>Most pairs in <see cref="Metadata"/>.</summary>
    internal const int MaxPairs = 16;

    /// <summary>Longest key of <see cref="Metadata"/>, characters.</summary>
    internal const int MaxKeyLength = 64;

    /// <summary>Longest value of <see cref="Metadata"/>, characters.</summary>
    internal const int MaxValueLength = 512;

    /// <summary>
    /// Id of a file that <c>POST /v1/files</c> returned for the purpose <c>batch</c>: JSON Lines, one request a line, with <c>custom_id</c>, <c>method</c>,
    /// <c>url</c> and <c>body</c>.
    /// </summary>
    [Required]
    public string? InputFileId { get; init; }

    /// <summary>The route of all requests in the file.</summary>
    [Required]
    [AllowedValues("/v1/images/generations", "/v1/images/edits", "/v1/images/redetail", "/v1/images/variations")]
    public string? Endpoint { get; init; }

    /// <summary>
    /// Time to finish, in hours or days: <c>24h</c>, <c>2h</c>, <c>3d</c>. At most Jobs:Lifetime. Requests that have not run by then end with the code
    /// <c>batch_expired</c> in the error file.
    /// </summary>
    [Required]
    public string? CompletionWindow { get; init; }

    /// <summary>Up to 16 pairs of texts that the batch keeps: keys of at most 64 characters, values of at most 512.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>When the output and error files are deleted; by default, with the batch.</summary>
    public OutputExpiryRequest? OutputExpiresAfter { get; init; }

    /// <summary>Address (http or https) that gets a signed request when the batch has ended. Not a field of OpenAI's.</summary>
    public string? Webhook { get; init; }
}

/// <summary>When files of a batch expire.</summary>
public sealed record OutputExpiryRequest
{
    internal const int MinSeconds = 3_600;

    internal const int MaxSeconds = 2_592_000;

    /// <summary>The time from which the seconds count: when the file was created.</summary>
    [Required]
    [AllowedValues("created_at")]
    public string? Anchor { get; init; }

    /// <summary>Seconds from the anchor.</summary>
    [Required]
    [Range(MinSeconds, MaxSeconds)]
    public int? Seconds { get; init; }
}
