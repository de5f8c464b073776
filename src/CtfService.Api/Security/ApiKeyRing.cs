using System.Security.Cryptography;
using System.Text;

namespace CtfService.Api.Security;

/// <summary>The configured API keys. Only their hashes are known, so neither memory nor settings reveal a key.</summary>
internal sealed class ApiKeyRing(SecurityOptions security)
{
    private readonly IReadOnlyList<(ApiKeyOptions Key, byte[] Hash)> _keys = [.. security.ApiKeys.Select(key => (key, Convert.FromHexString(key.Sha256)))];

    public bool IsEmpty => _keys.Count == 0;

    /// <summary>True if callers without a key are served.</summary>
    public bool AllowAnonymous => IsEmpty || security.AllowAnonymous;

    /// <summary>
    /// Returns the matching key; null if there is none. Takes the same time whichever key matches: every key is compared, and each comparison reads every
    /// byte. Plain SHA-256 is sufficient, because the keys are random and no dictionary attack applies.
    /// </summary>
    public ApiKeyOptions? Find(string presented)
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

        return found;
    }
}
