using System.Security.Cryptography;
using System.Text;

namespace CtfService.Api.Security;

/// <summary>The keys of the configuration. Knows hashes only, so that neither memory nor settings give a key away.</summary>
internal sealed class ApiKeyRing(SecurityOptions security)
{
    private readonly IReadOnlyList<(ApiKeyOptions Key, byte[] Hash)> _keys = [.. security.ApiKeys.Select(key => (key, Convert.FromHexString(key.Sha256)))];

    public bool IsEmpty => _keys.Count == 0;

    /// <summary>Whether a caller without a key is served.</summary>
    public bool AllowAnonymous => IsEmpty || security.AllowAnonymous;

    /// <summary>
    /// Null where it is none of ours. Takes the same time whichever key matches: each is compared, and each comparison reads every byte.
    /// Plain SHA-256 is enough: the keys are random, so there is no dictionary to try.
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
