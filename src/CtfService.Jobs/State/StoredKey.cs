namespace CtfService.Jobs.State;

/// <summary>An API key that was created over HTTP.</summary>
/// <param name="Id"><c>key_</c> and 32 hexadecimal digits.</param>
/// <param name="ExpiresAt">Null if it never expires.</param>
/// <param name="Secrets">The one that was made last, and those that it replaced while they still work; the latest first.</param>
public sealed record StoredKey(
    string Id, KeySettings Settings, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, IReadOnlyList<StoredSecret> Secrets);

/// <summary>What a key may do.</summary>
/// <param name="Name">Unique among stored keys, regardless of case.</param>
/// <param name="Weight">Share of the key in the devices, the queue and bulk jobs, at least 1.</param>
/// <param name="Admin">Whether it may use the endpoints of operators.</param>
/// <param name="RequestsPerMinute">0 means no limit; null the general one.</param>
public sealed record KeySettings(string Name, int Weight, bool Admin, int? RequestsPerMinute)
{
    /// <summary>0 means no limit; null the general one.</summary>
    public int? ImagesPerMinute { get; init; }

    /// <summary>0 means no limit; null the general one.</summary>
    public int? ImagesPerDay { get; init; }

    /// <summary>Whether requests may ask for a priority above that of others.</summary>
    public bool MayRequestHighPriority { get; init; }
}

/// <summary>What is stored of a secret.</summary>
/// <param name="Sha256">Hash of the secret: 64 lower-case hexadecimal digits.</param>
/// <param name="Prefix">The first characters of the secret, by which people recognize it.</param>
/// <param name="ExpiresAt">When it stops working because another one has replaced it; null for the latest.</param>
public sealed record StoredSecret(string Sha256, string Prefix, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt);

/// <summary>All stored keys at one moment.</summary>
/// <param name="Version">Differs from that of every other moment between which a key has changed.</param>
public sealed record StoredKeys(long Version, IReadOnlyList<StoredKey> Keys);
