using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace CtfService.Api.Contracts;

/// <summary>The API keys of the service.</summary>
/// <param name="ObjectType">Always <c>list</c>.</param>
/// <param name="Data">Configured keys first, then stored ones, the oldest first. Expired ones are listed until they are revoked.</param>
public sealed record KeyListResponse(
    [property: JsonPropertyName("object"), AllowedValues("list")] string ObjectType, IReadOnlyList<KeyEntry> Data);

/// <summary>An API key, without its secret.</summary>
/// <param name="Id">Names the key in requests; null if it is configured.</param>
/// <param name="ObjectType">Always <c>api_key</c>.</param>
/// <param name="Source"><c>configuration</c> if the settings have it; <c>store</c> if it was created over HTTP.</param>
/// <param name="Weight">Share of the key in the devices, the queue and bulk jobs.</param>
/// <param name="Admin">Whether it may use the endpoints of operators.</param>
/// <param name="RequestsPerMinute">0 means no limit; null that Security:RequestsPerMinute applies.</param>
/// <param name="ImagesPerMinute">0 means no limit; null that Security:ImagesPerMinute applies.</param>
/// <param name="ImagesPerDay">0 means no limit; null that Security:ImagesPerDay applies.</param>
/// <param name="MayRequestHighPriority">Whether its requests may have <c>priority: high</c>.</param>
/// <param name="CreatedAt">Seconds since 1970; null if it is configured.</param>
/// <param name="ExpiresAt">When it stops working, seconds since 1970; null if never.</param>
/// <param name="Secrets">Those that work, the latest first; empty if it is configured.</param>
public sealed record KeyEntry(
    string? Id,
    [property: JsonPropertyName("object"), AllowedValues("api_key")] string ObjectType,
    [property: AllowedValues("configuration", "store")] string Source,
    string Name,
    int Weight,
    bool Admin,
    int? RequestsPerMinute,
    int? ImagesPerMinute,
    int? ImagesPerDay,
    bool MayRequestHighPriority,
    long? CreatedAt,
    long? ExpiresAt,
    IReadOnlyList<KeySecretEntry> Secrets);

/// <summary>A secret of an API key.</summary>
/// <param name="Prefix">Its first characters, by which you recognize it.</param>
/// <param name="CreatedAt">Seconds since 1970.</param>
/// <param name="ExpiresAt">When it stops working because another one has replaced it, seconds since 1970; null for the latest.</param>
public sealed record KeySecretEntry(string Prefix, long CreatedAt, long? ExpiresAt);

/// <summary>An API key whose secret was just made.</summary>
/// <param name="Secret">What callers send. Only this response contains it.</param>
public sealed record KeyCreatedResponse(KeyEntry Key, string Secret);

/// <summary>An API key was revoked.</summary>
/// <param name="ObjectType">Always <c>api_key.deleted</c>.</param>
/// <param name="Deleted">Always true.</param>
public sealed record KeyDeletedResponse(
    string Id, [property: JsonPropertyName("object"), AllowedValues("api_key.deleted")] string ObjectType, bool Deleted);
