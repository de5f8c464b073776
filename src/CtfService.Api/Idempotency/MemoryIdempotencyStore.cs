namespace CtfService.Api.Idempotency;

/// <summary>
/// Stores responses by key in the memory of this process, for a limited time and in limited space. The caller with the most bytes is evicted first, so one
/// caller cannot evict the responses of another. Also tracks running requests, so that a second one with the same key can wait for the first. Thread-safe.
/// </summary>
internal sealed class MemoryIdempotencyStore(IdempotencyOptions options, TimeProvider clock) : IIdempotencyStore
{
    private readonly Lock _access = new();
    private readonly Dictionary<IdempotencyKey, Entry> _entries = [];
    private readonly LinkedList<Entry> _remembered = []; // oldest first
    private readonly Dictionary<string, Share> _shares = []; // by caller
    private readonly Dictionary<string, long> _groups = []; // bytes of the callers of each group
    private long _bytes;

    public Task<IdempotencyClaim> ClaimAsync(KeyedRequest request, CancellationToken cancellation) =>
        Task.FromResult(Claim(request.Key, request.Fingerprint));

    public Task<StoredResponse?> CompleteAsync(KeyedRequest request, StoredResponse? response)
    {
        Complete(request.Key, response);
        return Task.FromResult<StoredResponse?>(null);
    }

    /// <summary>Claims a key. If nothing is known, the claimant must produce the response, and others wait until <see cref="Complete"/>.</summary>
    /// <param name="fingerprint">Hash of everything that the response depends on.</param>
    public IdempotencyClaim Claim(IdempotencyKey key, string fingerprint)
    {
        lock (_access)
        {
            ForgetExpired();
            if (!_entries.TryGetValue(key, out var entry))
            {
                _entries.Add(key, new Entry(key, fingerprint));
                return new IdempotencyClaim.Free();
            }

            return entry.Fingerprint == fingerprint ? new IdempotencyClaim.Taken(entry.Response.Task) : new IdempotencyClaim.OtherRequest();
        }
    }

    /// <summary>Completes a claim. Without a response to store, the key is free again.</summary>
    /// <param name="response">The response; null if the request failed or was aborted.</param>
    public void Complete(IdempotencyKey key, StoredResponse? response)
    {
        Entry entry;
        lock (_access)
        {
            entry = _entries[key];
            if (response is { IsSuccess: true })
            {
                entry.Remember(response.Bytes, clock.GetUtcNow() + options.Lifetime);
                Remember(entry);
                ForgetExpired();
                MakeRoom();
            }
            else
            {
                _entries.Remove(key);
            }
        }

        entry.Response.SetResult(response is { IsSuccess: true } ? response : null);
    }

    private void Remember(Entry entry)
    {
        if (!_shares.TryGetValue(entry.Key.Caller, out var share))
        {
            _shares.Add(entry.Key.Caller, share = new Share(entry.Key.Group));
        }

        entry.Age = _remembered.AddLast(entry);
        entry.Turn = share.Entries.AddLast(entry);
        Count(entry, share, entry.Bytes);
    }

    private void ForgetExpired()
    {
        while (_remembered.First is { Value: var oldest } && oldest.ForgottenAt <= clock.GetUtcNow())
        {
            Forget(oldest);
        }
    }

    /// <summary>Evicts the oldest response of the caller with the most bytes, in the group with the most bytes.</summary>
    private void MakeRoom()
    {
        while (_bytes > options.MaxBytes)
        {
            var group = _groups.MaxBy(held => held.Value).Key;
            var largest = _shares.Values.Where(share => share.Group == group).MaxBy(share => share.Bytes)!;
            Forget(largest.Entries.First!.Value);
        }
    }

    private void Forget(Entry entry)
    {
        var share = _shares[entry.Key.Caller];
        _entries.Remove(entry.Key);
        _remembered.Remove(entry.Age!);
        share.Entries.Remove(entry.Turn!);
        Count(entry, share, -entry.Bytes);
        if (share.Entries.Count == 0)
        {
            _shares.Remove(entry.Key.Caller);
        }
    }

    private void Count(Entry entry, Share share, long bytes)
    {
        _bytes += bytes;
        share.Bytes += bytes;
        var ofGroup = _groups.GetValueOrDefault(entry.Key.Group) + bytes;
        if (ofGroup == 0)
        {
            _groups.Remove(entry.Key.Group);
        }
        else
        {
            _groups[entry.Key.Group] = ofGroup;
        }
    }

    private sealed class Share(string group)
    {
        public string Group { get; } = group;

        /// <summary>Entries of the caller, oldest first.</summary>
        public LinkedList<Entry> Entries { get; } = [];

        public long Bytes { get; set; }
    }

    private sealed class Entry(IdempotencyKey key, string fingerprint)
    {
        public IdempotencyKey Key { get; } = key;

        public string Fingerprint { get; } = fingerprint;

        public TaskCompletionSource<StoredResponse?> Response { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public long Bytes { get; private set; }

        public DateTimeOffset ForgottenAt { get; private set; }

        /// <summary>Node in the list of all entries; null until it is stored.</summary>
        public LinkedListNode<Entry>? Age { get; set; }

        /// <summary>Node in the list of its caller; null until it is stored.</summary>
        public LinkedListNode<Entry>? Turn { get; set; }

        public void Remember(long bytes, DateTimeOffset forgottenAt) => (Bytes, ForgottenAt) = (bytes, forgottenAt);
    }
}
