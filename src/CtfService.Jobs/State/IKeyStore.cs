using CtfService.Jobs.Work;

namespace CtfService.Jobs.State;

/// <summary>Keeps API keys. Knows hashes of their secrets only. Thread-safe; no call takes longer than a few seconds.</summary>
/// <remarks>Every method throws <see cref="JobStoreUnavailableException"/> if the store cannot be reached or written.</remarks>
public interface IKeyStore
{
    /// <summary>Number of keys that a store has at most: every process holds all of them in memory, and reads them anew after each change.</summary>
    const int MostKeys = 10_000;

    /// <summary>True if other processes use it, too.</summary>
    bool IsShared { get; }

    /// <summary>Returns all keys, expired ones included, the oldest first; null if nothing has changed since a version.</summary>
    /// <param name="known">Null to get the keys in any case.</param>
    Task<StoredKeys?> ListAsync(long? known, CancellationToken cancellation);

    /// <summary>Adds a key. Returns null if another key has the name.</summary>
    /// <param name="expiresAt">Null if it never expires.</param>
    /// <exception cref="TooManyKeysException">There are <see cref="MostKeys"/> already.</exception>
    Task<StoredKey?> CreateAsync(KeySettings settings, DateTimeOffset? expiresAt, NewSecret secret, CancellationToken cancellation);

    /// <summary>Gives a key another secret. Returns null if there is no such key, or if it has expired.</summary>
    /// <param name="grace">How long the earlier secrets still work; zero to end them now.</param>
    Task<StoredKey?> RotateAsync(string id, NewSecret secret, TimeSpan grace, CancellationToken cancellation);

    /// <summary>Removes a key. Returns null if there is none, otherwise its name.</summary>
    Task<string?> RevokeAsync(string id, CancellationToken cancellation);
}

/// <summary>What is stored of a secret that was just made.</summary>
/// <param name="Sha256">64 lower-case hexadecimal digits.</param>
/// <param name="Prefix">Its first characters.</param>
public sealed record NewSecret(string Sha256, string Prefix);

/// <summary>A store has as many keys as it can have.</summary>
public sealed class TooManyKeysException() : Exception($"The store has {IKeyStore.MostKeys} keys and takes no more.");
