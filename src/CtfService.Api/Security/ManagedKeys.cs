using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Validation;
using CtfService.Jobs.State;

namespace CtfService.Api.Security;

/// <summary>Creates, lists, rotates and revokes the API keys of the store, for operators. Thread-safe.</summary>
/// <param name="store">Null without a store.</param>
/// <param name="cache">The keys in memory; null without a store.</param>
internal sealed partial class ManagedKeys(
    SecurityOptions security, TimeProvider clock, ILogger<ManagedKeys> logger, IKeyStore? store = null, KeyCache? cache = null)
{
    /// <summary>Random bytes of a secret: too many to guess, so that a plain hash is safe to store. As those of <c>ctf api-key</c>.</summary>
    private const int SecretBytes = 32;

    /// <summary>Start of each secret.</summary>
    private const string Mark = "ctf_";

    /// <summary>Characters by which people recognize a secret; the rest has more than 200 random bits.</summary>
    private const int PrefixLength = 10;

    /// <summary>The last second that the calendar of .NET has.</summary>
    private static readonly long LastSecond = DateTimeOffset.MaxValue.ToUnixTimeSeconds();

    internal static ApiError NoStore { get; } = new(
        StatusCodes.Status501NotImplemented,
        "This service has no store for keys, so its keys are those in Security:ApiKeys. To create keys over HTTP, set Jobs:Enabled to true, "
        + "which keeps them in Storage:Folder, or Storage:ConnectionString to a PostgreSQL database, which several processes can share.",
        "no_key_store");

    private IKeyStore Store => store ?? throw new RequestRefusedException(NoStore);

    /// <exception cref="RequestRefusedException">There is no store.</exception>
    public async Task<KeyListResponse> ListAsync(CancellationToken cancellation)
    {
        var stored = (await Store.ListAsync(known: null, cancellation))!.Keys;
        return new KeyListResponse("list", [.. security.ApiKeys.Select(Describe), .. stored.Select(Describe)]);
    }

    /// <param name="by">Name of the key of the operator, for the log.</param>
    /// <exception cref="RequestRefusedException">The request is invalid, the name is taken, or there is no store.</exception>
    public async Task<KeyCreatedResponse> CreateAsync(CreateKeyRequest asked, string? by, CancellationToken cancellation)
    {
        var keys = Store;
        var settings = Validate(asked);
        var expiresAt = asked.ExpiresAt is { } seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : (DateTimeOffset?)null;
        var secret = NewSecret();
        var isConfigured = security.ApiKeys.Any(key => key.Name.Equals(settings.Name, StringComparison.OrdinalIgnoreCase));
        var created = isConfigured ? null : await CreateAsync(keys, settings, expiresAt, StoredForm(secret), cancellation);
        return created is null
            ? throw new RequestRefusedException(NameTaken(settings.Name))
            : await AnswerAsync(created, secret, () => Log.Created(logger, settings.Name, created.Id, by));
    }

    /// <exception cref="RequestRefusedException">The request is invalid, there is no such key, or there is no store.</exception>
    public async Task<KeyCreatedResponse> RotateAsync(string id, RotateKeyRequest asked, string? by, CancellationToken cancellation)
    {
        var keys = Store;
        var grace = Validate(asked);
        var secret = NewSecret();
        return await keys.RotateAsync(id, StoredForm(secret), grace, cancellation) is { } key
            ? await AnswerAsync(key, secret, () => Log.Rotated(logger, key.Settings.Name, id, grace.TotalSeconds, by))
            : throw new RequestRefusedException(NotFound(id));
    }

    /// <exception cref="RequestRefusedException">There is no such key, or there is no store.</exception>
    public async Task<KeyDeletedResponse> RevokeAsync(string id, string? by, CancellationToken cancellation)
    {
        var name = await Store.RevokeAsync(id, cancellation) ?? throw new RequestRefusedException(NotFound(id));
        Log.Revoked(logger, name, id, by);
        await MakeEffectiveAsync();
        return new KeyDeletedResponse(id, "api_key.deleted", Deleted: true);
    }

    internal static ApiError TooMany { get; } = new(
        StatusCodes.Status409Conflict,
        $"The store has {IKeyStore.MostKeys} keys, as many as it can have. Revoke keys that are not used any more; GET /v1/admin/keys lists all, "
        + "those that have expired included.",
        "too_many_keys");

    private static async Task<StoredKey?> CreateAsync(
        IKeyStore store, KeySettings settings, DateTimeOffset? expiresAt, NewSecret secret, CancellationToken cancellation)
    {
        try
        {
            return await store.CreateAsync(settings, expiresAt, secret, cancellation);
        }
        catch (TooManyKeysException)
        {
            throw new RequestRefusedException(TooMany);
        }
    }

    internal static ApiError NameTaken(string name) => new(
        StatusCodes.Status409Conflict,
        $"Another key has the name '{name}', in Security:ApiKeys or in the store. Choose another name, rotate that key, or revoke it first.",
        "key_name_taken",
        "name");

    internal static ApiError NotFound(string id) => new(
        StatusCodes.Status404NotFound,
        $"The store has no key with the id '{id}', or it has expired. GET /v1/admin/keys lists all; configured keys have no id and are changed in "
        + "Security:ApiKeys.",
        "key_not_found",
        "id");

    private async Task<KeyCreatedResponse> AnswerAsync(StoredKey key, string secret, Action log)
    {
        log();
        await MakeEffectiveAsync();
        return new KeyCreatedResponse(Describe(key), secret);
    }

    /// <summary>Goes on when the caller hangs up: the change is made. If the store does not answer now, the cache asks again within seconds.</summary>
    private Task MakeEffectiveAsync() => cache?.ChangedAsync(CancellationToken.None) ?? Task.CompletedTask;

    private KeySettings Validate(CreateKeyRequest asked)
    {
        var problems = new RequestProblems();
        if (asked.Name is null)
        {
            problems.Add("name", "required", "name is missing; expected the name of the key, such as studio.");
        }
        else if (!ApiKeyOptions.IsName(asked.Name))
        {
            var shown = asked.Name.Length <= ApiKeyOptions.MaxNameLength ? $"'{asked.Name}'" : $"a text of {asked.Name.Length} characters";
            problems.Add(
                "name",
                "invalid_name",
                $"name is {shown}; expected 1 to {ApiKeyOptions.MaxNameLength} letters, digits, dots, hyphens or underscores.");
        }

        problems.RequireRange(asked.Weight, 1, ApiKeyOptions.MaxWeight, "weight");
        problems.RequireRange(asked.RequestsPerMinute, 0, ApiKeyOptions.MaxRequestsPerMinute, "requests_per_minute");
        problems.RequireRange(asked.ImagesPerMinute, 0, ApiKeyOptions.MaxImagesPerMinute, "images_per_minute");
        problems.RequireRange(asked.ImagesPerDay, 0, ApiKeyOptions.MaxImagesPerDay, "images_per_day");
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        if (asked.ExpiresAt is { } expiry && (expiry <= now || expiry > LastSecond))
        {
            problems.Add("expires_at", "out_of_range", $"expires_at is {expiry}; expected seconds since 1970 in the future: now it is {now}.");
        }

        problems.ThrowIfAny();
        return new KeySettings(asked.Name!, asked.Weight ?? 1, asked.Admin ?? false, asked.RequestsPerMinute)
        {
            ImagesPerMinute = asked.ImagesPerMinute,
            ImagesPerDay = asked.ImagesPerDay,
            MayRequestHighPriority = asked.MayRequestHighPriority ?? false,
        };
    }

    private static TimeSpan Validate(RotateKeyRequest asked)
    {
        var problems = new RequestProblems();
        if (asked.GraceSeconds is null)
        {
            problems.Add("grace_seconds", "required", "grace_seconds is missing; expected how long the earlier secrets still work, 0 to end them at once.");
        }

        problems.RequireRange(asked.GraceSeconds, 0, RotateKeyRequest.MaxGraceSeconds, "grace_seconds");
        problems.ThrowIfAny();
        return TimeSpan.FromSeconds(asked.GraceSeconds!.Value);
    }

    private static string NewSecret() => $"{Mark}{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes))}";

    private static NewSecret StoredForm(string secret) =>
        new(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret))), secret[..PrefixLength]);

    private static KeyEntry Describe(ApiKeyOptions key) => new(
        Id: null,
        "api_key",
        "configuration",
        key.Name,
        key.Weight,
        key.Admin,
        key.RequestsPerMinute,
        key.ImagesPerMinute,
        key.ImagesPerDay,
        key.MayRequestHighPriority,
        CreatedAt: null,
        ExpiresAt: null,
        []);

    private KeyEntry Describe(StoredKey key) => new(
        key.Id,
        "api_key",
        "store",
        key.Settings.Name,
        key.Settings.Weight,
        key.Settings.Admin,
        key.Settings.RequestsPerMinute,
        key.Settings.ImagesPerMinute,
        key.Settings.ImagesPerDay,
        key.Settings.MayRequestHighPriority,
        key.CreatedAt.ToUnixTimeSeconds(),
        key.ExpiresAt?.ToUnixTimeSeconds(),
        [
            .. key.Secrets
                .Where(secret => !(secret.ExpiresAt <= clock.GetUtcNow()))
                .Select(secret => new KeySecretEntry(secret.Prefix, secret.CreatedAt.ToUnixTimeSeconds(), secret.ExpiresAt?.ToUnixTimeSeconds())),
        ]);
}
