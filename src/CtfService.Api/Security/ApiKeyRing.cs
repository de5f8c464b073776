using System.Security.Cryptography;
using System.Text;
using CtfService.Jobs.State;

namespace CtfService.Api.Security;

/// <summary>The configured and the stored API keys. Only their hashes are known, so neither memory, settings nor store reveal a key.</summary>
/// <param name="stored">The keys that were created over HTTP; null without a store.</param>
internal sealed class ApiKeyRing(SecurityOptions security, KeyCache? stored = null)
{
    private readonly IReadOnlyList<(ApiKeyOptions Key, byte[] Hash)> _keys = [.. security.ApiKeys.Select(key => (key, Convert.FromHexString(key.Sha256)))];

    /// <summary>True if no key is configured. Then stored keys are ignored as well: the settings alone decide whether callers need a key.</summary>
    public bool IsEmpty => _keys.Count == 0;

    /// <summary>True if callers without a key are served.</summary>
    public bool AllowAnonymous => IsEmpty || security.AllowAnonymous;

    /// <summary>
    /// Returns the matching key; null if there is none. Takes the same time whichever configured key matches: every one is compared, and each comparison reads
    /// every byte. Plain SHA-256 is sufficient, because the keys are random and no dictionary attack applies.
    /// </summary>
    /// <exception cref="KeysUnavailableException">It is no configured key, and the store cannot be asked.</exception>
    public async ValueTask<ApiKeyOptions?> FindAsync(string presented, CancellationToken cancellation)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(presented));
        ApiKeyOptions? found = null;
        foreach (var (key, expected) in _keys)
        {
            if (CryptographicOperations.FixedTimeEquals(hash, expected))
            {
                found = key;
            }
        }

        return found ?? (stored is not null && await stored.FindAsync(hash, cancellation) is { } match ? Describe(match.Settings) : null);
    }

    /// <summary>Returns the key of a name; null if it was removed, or if the store has not been read yet.</summary>
    public ApiKeyOptions? Find(string name) =>
        _keys.Select(entry => entry.Key).FirstOrDefault(key => key.Name == name) ?? (stored?.Find(name) is { } key ? Describe(key.Settings) : null);

    private static ApiKeyOptions Describe(KeySettings settings) => new()
    {
        Name = settings.Name,
        Admin = settings.Admin,
        Weight = settings.Weight,
        RequestsPerMinute = settings.RequestsPerMinute,
        ImagesPerMinute = settings.ImagesPerMinute,
        ImagesPerDay = settings.ImagesPerDay,
        MayRequestHighPriority = settings.MayRequestHighPriority,
    };
}
