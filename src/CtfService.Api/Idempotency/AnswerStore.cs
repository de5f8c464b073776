namespace CtfService.Api.Idempotency;

/// <summary>
/// Answers by key, in this process's memory: for a bounded time, in bounded space, the oldest forgotten first. Also knows which requests run, so that a second one with the
/// same key can wait for the first. Any thread.
/// </summary>
internal sealed class AnswerStore(IdempotencyOptions options, TimeProvider clock)
{
    private readonly Lock _access = new();
    private readonly Dictionary<AnswerKey, Entry> _entries = [];
    private readonly Queue<Entry> _remembered = new(); // oldest first
    private long _bytes;

    /// <summary>What is known of a request; where nothing is, it is the caller's to answer, and others wait until <see cref="Complete"/>.</summary>
    /// <param name="fingerprint">Of everything that the answer depends on.</param>
    public Claim Claim(AnswerKey key, string fingerprint)
    {
        lock (_access)
        {
            ForgetOldest();
            if (!_entries.TryGetValue(key, out var entry))
            {
                _entries.Add(key, new Entry(key, fingerprint));
                return new Claim.Free();
            }

            return entry.Fingerprint == fingerprint ? new Claim.Taken(entry.Answer.Task) : new Claim.OtherRequest();
        }
    }

    /// <summary>Ends what a free claim began; the key is free again where there is nothing to remember.</summary>
    /// <param name="answer">Null where it failed or was given up.</param>
    public void Complete(AnswerKey key, StoredAnswer? answer)
    {
        Entry entry;
        lock (_access)
        {
            entry = _entries[key];
            if (answer is { IsSuccess: true })
            {
                entry.Remember(answer.Bytes, clock.GetUtcNow() + options.Lifetime);
                _remembered.Enqueue(entry);
                _bytes += entry.Bytes;
                ForgetOldest();
            }
            else
            {
                _entries.Remove(key);
            }
        }

        entry.Answer.SetResult(answer is { IsSuccess: true } ? answer : null);
    }

    private void ForgetOldest()
    {
        while (_remembered.TryPeek(out var oldest) && (_bytes > options.MaxBytes || oldest.ForgottenAt <= clock.GetUtcNow()))
        {
            _remembered.Dequeue();
            _entries.Remove(oldest.Key);
            _bytes -= oldest.Bytes;
        }
    }

    private sealed class Entry(AnswerKey key, string fingerprint)
    {
        public AnswerKey Key { get; } = key;

        public string Fingerprint { get; } = fingerprint;

        public TaskCompletionSource<StoredAnswer?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public long Bytes { get; private set; }

        public DateTimeOffset ForgottenAt { get; private set; }

        public void Remember(long bytes, DateTimeOffset forgottenAt) => (Bytes, ForgottenAt) = (bytes, forgottenAt);
    }
}

/// <summary>What the store knows of a request. One of the nested cases.</summary>
internal abstract record Claim
{
    private Claim()
    {
    }

    /// <summary>Nothing: answer it.</summary>
    public sealed record Free : Claim;

    /// <summary>It has been answered or is being answered.</summary>
    /// <param name="Answer">Null where it failed in the end: claim again.</param>
    public sealed record Taken(Task<StoredAnswer?> Answer) : Claim;

    /// <summary>The key belongs to another request.</summary>
    public sealed record OtherRequest : Claim;
}
