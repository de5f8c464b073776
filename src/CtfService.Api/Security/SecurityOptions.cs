using System.ComponentModel.DataAnnotations;

namespace CtfService.Api.Security;

/// <summary>Who may call, how often, and from which web pages. Read once at start.</summary>
public sealed record SecurityOptions
{
    public const string SectionName = "Security";

    /// <summary>Keys that callers send. Default none: anybody may call, and the service listens on this machine only.</summary>
    public IReadOnlyList<ApiKeyOptions> ApiKeys { get; init; } = [];

    /// <summary>
    /// Whether a caller without a key is served, default false. Without keys it must be true before the service listens to other machines:
    /// say so where something in front of it asks for credentials.
    /// </summary>
    public bool AllowAnonymous { get; init; }

    /// <summary>Requests to /v1 that one key, or one address without a key, may send in a minute, all at once or spread. 0..1,000,000, default 0: no limit.</summary>
    [Range(0, 1_000_000)]
    public int RequestsPerMinute { get; init; }

    /// <summary>Origins of web pages whose scripts may call (CORS), such as <c>https://studio.example.org</c>. Default none.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];
}

/// <summary>One API key, known by its hash only.</summary>
public sealed record ApiKeyOptions
{
    /// <summary>Longest name, characters.</summary>
    public const int MaxNameLength = 64;

    /// <summary>Whose key it is; appears in logs. Letters, digits, dots, hyphens and underscores; at most 64.</summary>
    public string Name { get; init; } = "";

    /// <summary>SHA-256 of the key, 64 hexadecimal digits. <c>ctf api-key</c> makes a key and prints its hash.</summary>
    public string Sha256 { get; init; } = "";

    /// <summary>Whether the key opens the operator's endpoints too, default false.</summary>
    public bool Admin { get; init; }

    /// <summary>In place of <see cref="SecurityOptions.RequestsPerMinute"/> for this key. 0..1,000,000, 0: no limit; default null: as for all.</summary>
    public int? RequestsPerMinute { get; init; }
}
