using CtfService.Jobs.Store;

namespace CtfService.Jobs.State;

/// <summary>A row of the table of keys.</summary>
internal sealed record KeyRow(
    string Id,
    string Name,
    long Weight,
    long Admin,
    long? RequestsPerMinute,
    long? ImagesPerMinute,
    long? ImagesPerDay,
    long HighPriority,
    long Created,
    long? Expires)
{
    public const string Select =
        """
        select id, name, weight, admin, requests_per_minute as RequestsPerMinute, images_per_minute as ImagesPerMinute, images_per_day as ImagesPerDay,
            high_priority as HighPriority, created, expires
        from api_keys
        """;

    public StoredKey ToKey(IEnumerable<SecretRow> secrets) => new(
        Id,
        new KeySettings(Name, (int)Weight, Admin != 0, (int?)RequestsPerMinute)
        {
            ImagesPerMinute = (int?)ImagesPerMinute,
            ImagesPerDay = (int?)ImagesPerDay,
            MayRequestHighPriority = HighPriority != 0,
        },
        Timestamp.Of(Created),
        Timestamp.Of(Expires),
        [.. secrets.Select(secret => secret.ToSecret())]);
}

/// <summary>A row of the table of secrets.</summary>
internal sealed record SecretRow(string Sha256, string ApiKey, string Prefix, long Created, long? Expires)
{
    public const string Select = "select sha256, api_key as ApiKey, prefix, created, expires from api_key_secrets";

    public const string Order = "order by expires is not null, expires desc, created desc";

    public StoredSecret ToSecret() => new(Sha256, Prefix, Timestamp.Of(Created), Timestamp.Of(Expires));
}
