namespace CtfService.Api.Idempotency;

/// <summary>
/// Answers by key, in this process's memory: for a bounded time, in bounded space. The caller who holds the most gives way first, so that one cannot push
/// another's answers out. Also knows which requests run, so that a second one with the same key can wait for the first. Any thread.
/// </summary>
internal sealed class IdempotencyStore(IdempotencyOptions options, TimeProvider clock)
{
    private readonly Lock _access = new();
    private readonly Dictionary<IdempotencyKey, Entry> _entries = [];
    private readonly LinkedList<Entry> _remembered = []; // oldest first
    private readonly Dictionary<string, Share> _shares = []; // by caller
    private readonly Dictionary<string, long> _groups = []; // bytes of the callers of each group
    private long _bytes;

    /// <summary>What is known of a request; where nothing is, it is the caller's to answer, and others wait until <see cref="Complete"/>.</summary>
    /// <param name="fingerprint">Of everything that the response depends on.</param>
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

    /// <summary>Ends what a free claim began; the key is free again where there is nothing to remember.</summary>
    /// <param name="response">Null where it failed or was given up.</param>
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

    /// <summary>The oldest response of the caller who holds the most, in the group that holds the most.</summary>
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

        /// <summary>Oldest first.</summary>
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

        /// <summary>Its place among all; null until it is remembered.</summary>
        public LinkedListNode<Entry>? Age { get; set; }

        /// <summary>Its place among its caller's; null until it is remembered.</summary>
        public LinkedListNode<Entry>? Turn { get; set; }

        public void Remember(long bytes, DateTimeOffset forgottenAt) => (Bytes, ForgottenAt) = (bytes, forgottenAt);
    }
}
