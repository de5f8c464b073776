using System.Collections.Concurrent;
using System.Threading.Channels;

namespace CtfService.Jobs.Store;

/// <summary>Wakes those in this process that wait for changes of jobs. Thread-safe.</summary>
internal sealed class JobSignals
{
    private readonly ConcurrentDictionary<Subscription, string?> _subscriptions = [];

    /// <param name="job">Null for all jobs.</param>
    public Subscription Subscribe(string? job)
    {
        var subscription = new Subscription(this);
        _subscriptions[subscription] = job;
        return subscription;
    }

    public void Changed(string job)
    {
        foreach (var (subscription, about) in _subscriptions)
        {
            if (about is null || about == job)
            {
                subscription.Wake();
            }
        }
    }

    internal void Remove(Subscription subscription) => _subscriptions.TryRemove(subscription, out _);
}

/// <summary>Remembers that something has changed since the last wait.</summary>
internal sealed class Subscription(JobSignals signals) : IDisposable
{
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Wake() => _changes.Writer.TryWrite(true);

    /// <summary>Completes when something has changed or the time is over.</summary>
    /// <param name="timeout">Infinite to wait for a change only.</param>
    public async Task WaitAsync(TimeSpan timeout, TimeProvider clock, CancellationToken cancellation)
    {
        using var timer = timeout == Timeout.InfiniteTimeSpan
            ? null
            : clock.CreateTimer(_ => Wake(), state: null, timeout, Timeout.InfiniteTimeSpan);
        await _changes.Reader.ReadAsync(cancellation).ConfigureAwait(false);
    }

    public void Dispose() => signals.Remove(this);
}
