using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;

namespace CtfService.Api.Security;

/// <summary>API keys, the rate limit, and the web origins that may call the API. Read once at startup.</summary>
public sealed record SecurityOptions
{
    public const string SectionName = "Security";

    /// <summary>
    /// API keys that clients may send; <c>ctf api-key</c> creates them. Without keys, every client is served and the service listens on the loopback
    /// address only. With an admin key here, <c>/v1/admin/keys</c> creates further ones in the store.
    /// </summary>
    public IReadOnlyList<ApiKeyOptions> ApiKeys { get; init; } = [];

    /// <summary>
    /// Serves clients without a key. Without any configured key, this must be true before the service listens on other addresses than loopback; set it if a
    /// proxy in front of the service authenticates clients.
    /// </summary>
    public bool AllowAnonymous { get; init; }

    /// <summary>
    /// Maximum number of requests to <c>/v1</c> per minute from one key, or from one address without a key. Further requests get 429; 0 means no limit. A
    /// minute starts with the first request after the last one has ended.
    /// </summary>
    [Range(0, ApiKeyOptions.MaxRequestsPerMinute)]
    public int RequestsPerMinute { get; init; }

    /// <summary>Maximum number of images per minute of one key, or of one address without a key; 0 means no limit. The images of jobs do not count.</summary>
    [Range(0, ApiKeyOptions.MaxImagesPerMinute)]
    public int ImagesPerMinute { get; init; }

    /// <summary>Maximum number of images per day of one key, or of one address without a key, those of jobs included; 0 means no limit.</summary>
    [Range(0, ApiKeyOptions.MaxImagesPerDay)]
    public int ImagesPerDay { get; init; }

    /// <summary>Web origins, such as <c>https://studio.example.org</c>, whose scripts may call the API (CORS).</summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];
}

/// <summary>One API key. Only its hash is stored.</summary>
public sealed partial record ApiKeyOptions
{
    /// <summary>Maximum length of a name, in characters.</summary>
    public const int MaxNameLength = 64;

    /// <summary>Largest <see cref="Weight"/>.</summary>
    public const int MaxWeight = 1_000;

    /// <summary>Largest <see cref="RequestsPerMinute"/>.</summary>
    public const int MaxRequestsPerMinute = 1_000_000;

    /// <summary>Largest <see cref="ImagesPerMinute"/>.</summary>
    public const int MaxImagesPerMinute = 1_000_000;

    /// <summary>Largest <see cref="ImagesPerDay"/>.</summary>
    public const int MaxImagesPerDay = 1_000_000_000;

    /// <summary>Owner of the key, as it appears in the log: at most 64 letters, digits, dots, hyphens and underscores.</summary>
    public string Name { get; init; } = "";

    /// <summary>SHA-256 hash of the key, 64 hexadecimal digits. <c>ctf api-key</c> creates a key and prints its hash.</summary>
    public string Sha256 { get; init; } = "";

    /// <summary>Grants access to the admin endpoints.</summary>
    public bool Admin { get; init; }

    /// <summary>
    /// Share of this key in the devices, the queue and bulk jobs, 1 to 1000: while both have images, a key with 2 gets twice the rows of a key with 1.
    /// </summary>
    public int Weight { get; init; } = 1;

    /// <summary>Requests per minute of this key. 0 means no limit; if not set, <c>Security:RequestsPerMinute</c> applies.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>Images per minute of this key, those of jobs excluded. 0 means no limit; if not set, <c>Security:ImagesPerMinute</c> applies.</summary>
    public int? ImagesPerMinute { get; init; }

    /// <summary>Images per day of this key, those of jobs included. 0 means no limit; if not set, <c>Security:ImagesPerDay</c> applies.</summary>
    public int? ImagesPerDay { get; init; }

    /// <summary>Whether requests of this key may have <c>priority: high</c>, which comes before all others.</summary>
    public bool MayRequestHighPriority { get; init; }

    internal static bool IsName(string text) => NamePattern().IsMatch(text);

    [GeneratedRegex(@"\A[A-Za-z0-9._-]{1,64}\z")]
    private static partial Regex NamePattern();
}
