using System.Diagnostics.CodeAnalysis;
using CtfService.Jobs.Telemetry;
using CtfService.Jobs.Work;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CtfService.Jobs.State;

/// <summary>
/// The stored keys in the memory of this process, so that a request with a known key waits for no database. Asks for changes every second if other processes
/// can make them, and before an unknown key is refused. While the store is away, known keys are accepted for <see cref="LongestOutage"/>. Thread-safe.
/// </summary>
public sealed partial class KeyCache : BackgroundService
{
    /// <summary>How long known keys are accepted while the store cannot be asked whether they were revoked.</summary>
    public static readonly TimeSpan LongestOutage = TimeSpan.FromMinutes(15);

    /// <summary>Time between two looks for changes.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Shortest time between two looks that unknown keys cause, so that guesses put no load on the store. They wait for it.</summary>
    private static readonly TimeSpan ShortestInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest time that a request with an unknown key waits for the store.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    private readonly IKeyStore _store;
    private readonly StateMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly ILogger<KeyCache> _logger;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private volatile KeySnapshot? _snapshot;
    private long? _failed; // timestamp of the last failure, if none has succeeded since; under _turn

    internal KeyCache(IKeyStore store, StateMetrics metrics, TimeProvider clock, ILogger<KeyCache> logger) =>
        (_store, _metrics, _clock, _logger) = (store, metrics, clock, logger);

    /// <summary>Returns the key of a secret; null if there is none, or if it was revoked or has expired.</summary>
    /// <param name="sha256">Hash of the secret.</param>
    /// <exception cref="KeysUnavailableException">The key is not known, and the store cannot be asked for it.</exception>
    public ValueTask<StoredKey?> FindAsync(byte[] sha256, CancellationToken cancellation) =>
        _snapshot is { } known && IsValid(known) && known.Find(sha256, _clock.GetUtcNow()) is { } key
            ? ValueTask.FromResult<StoredKey?>(key)
            : new ValueTask<StoredKey?>(AskAsync(sha256, cancellation));

    /// <summary>Returns the key of a name, as it was when this process last looked; null if there is none or no key is known.</summary>
    public StoredKey? Find(string name) => _snapshot?.Keys.FirstOrDefault(key => key.Settings.Name == name);

    /// <summary>Makes the changes that this process has made effective in it.</summary>
    public async Task ChangedAsync(CancellationToken cancellation) => await InTurnAsync(LoadAsync, cancellation).ConfigureAwait(false);

    public override void Dispose()
    {
        base.Dispose();
        _turn.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        do
        {
            if (await InTurnAsync(LoadAsync, stoppingToken).ConfigureAwait(false) is not null && !_store.IsShared)
            {
                return; // only this process makes changes
            }

            await Task.Delay(Interval, _clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        while (!stoppingToken.IsCancellationRequested);
    }

    private bool IsValid(KeySnapshot snapshot) => !_store.IsShared || Age(snapshot) <= LongestOutage;

    private TimeSpan Age(KeySnapshot snapshot) => _clock.GetElapsedTime(snapshot.Timestamp);

    /// <summary>Answers with keys that were asked for after the request had come, because another process may just have made its key.</summary>
    private async Task<StoredKey?> AskAsync(byte[] sha256, CancellationToken cancellation)
    {
        var asked = _clock.GetTimestamp();
        var current = await InTurnAsync(stop => LoadSinceAsync(asked, stop), cancellation).ConfigureAwait(false) ?? throw new KeysUnavailableException();
        return current.Find(sha256, _clock.GetUtcNow());
    }

    /// <summary>Returns null if the store is away.</summary>
    private async Task<KeySnapshot?> LoadSinceAsync(long asked, CancellationToken cancellation)
    {
        if (_failed is { } failed && _clock.GetElapsedTime(failed) < ShortestInterval)
        {
            return null;
        }

        if (_snapshot is not { } known)
        {
            return await LoadAsync(cancellation).ConfigureAwait(false);
        }

        if (!_store.IsShared || known.Timestamp >= asked)
        {
            return known;
        }

        if (ShortestInterval - Age(known) is { Ticks: > 0 } pause)
        {
            await Task.Delay(pause, _clock, cancellation).ConfigureAwait(false);
        }

        return await LoadAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Loads keys for one caller after the other; the next one often has nothing left to do. Returns null if the store is away.</summary>
    private async Task<KeySnapshot?> InTurnAsync(Func<CancellationToken, Task<KeySnapshot?>> load, CancellationToken cancellation)
    {
        if (!await _turn.WaitAsync(LongestWait, cancellation).ConfigureAwait(false))
        {
            return null;
        }

        try
        {
            return await load(cancellation).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "A defect here must not end the process or a request.")]
    private async Task<KeySnapshot?> LoadAsync(CancellationToken cancellation)
    {
        var asked = _clock.GetTimestamp();
        try
        {
            var changed = await _store.ListAsync(_snapshot?.Version, cancellation).ConfigureAwait(false);
            _snapshot = changed is null ? _snapshot!.At(asked) : new KeySnapshot(changed, asked);
            if (_failed is not null)
            {
                _failed = null;
                Log.Available(_logger);
            }

            return _snapshot;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception failure)
        {
            _metrics.StoreFailed(StateMetrics.Keys);
            if (_failed is null || failure is not JobStoreUnavailableException)
            {
                Log.Unavailable(_logger, LongestOutage.TotalMinutes, failure);
            }

            _failed = _clock.GetTimestamp();
            return null;
        }
    }
}

/// <summary>Whether a key is valid cannot be found out now.</summary>
public sealed class KeysUnavailableException() : Exception("The store of the API keys cannot be asked at the moment.");
