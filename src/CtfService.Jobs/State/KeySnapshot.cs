using System.Buffers.Binary;
using System.Security.Cryptography;

namespace CtfService.Jobs.State;

/// <summary>All stored keys, as they were at one moment, to be found by the hash of a secret. Immutable.</summary>
internal sealed class KeySnapshot
{
    private readonly StoredKeys _stored;
    private readonly ILookup<ulong, Entry> _secrets;

    /// <param name="timestamp">When it was asked for, by the clock of the process.</param>
    public KeySnapshot(StoredKeys stored, long timestamp)
        : this(
            stored,
            stored.Keys
                .SelectMany(key => key.Secrets.Select(secret => new Entry(Convert.FromHexString(secret.Sha256), key, Earlier(secret.ExpiresAt, key.ExpiresAt))))
                .ToLookup(entry => Start(entry.Sha256)),
            timestamp)
    {
    }

    private KeySnapshot(StoredKeys stored, ILookup<ulong, Entry> secrets, long timestamp) => (_stored, _secrets, Timestamp) = (stored, secrets, timestamp);

    public long Version => _stored.Version;

    public long Timestamp { get; }

    public IReadOnlyList<StoredKey> Keys => _stored.Keys;

    /// <summary>Returns the same keys, known to be those of a later moment.</summary>
    public KeySnapshot At(long timestamp) => new(_stored, _secrets, timestamp);

    /// <summary>
    /// Returns the key of a secret; null if there is none or it has expired. Candidates are found by the first bytes of the hash, from which nothing follows
    /// about the secret, and compared in constant time.
    /// </summary>
    public StoredKey? Find(ReadOnlySpan<byte> sha256, DateTimeOffset now)
    {
        foreach (var entry in _secrets[Start(sha256)])
        {
            if (CryptographicOperations.FixedTimeEquals(entry.Sha256, sha256) && !(entry.ExpiresAt <= now))
            {
                return entry.Key;
            }
        }

        return null;
    }

    private static ulong Start(ReadOnlySpan<byte> sha256) => BinaryPrimitives.ReadUInt64BigEndian(sha256);

    private static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other) => one is null || other < one ? other : one;

    private sealed record Entry(byte[] Sha256, StoredKey Key, DateTimeOffset? ExpiresAt);
}
