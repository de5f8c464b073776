using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using CtfService.Jobs.State;

namespace CtfService.Api.Idempotency;

/// <summary>Extends the claims of the requests that run in this process, and keeps the stored responses within their limits. Thread-safe.</summary>
internal sealed class ResponseUpkeep(IResponseStore store, ResponseStoreWatch watch, IdempotencyOptions options, TimeProvider clock) : BackgroundService
{
    /// <summary>Time after which another process takes over the requests of a process that has disappeared.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);

    /// <summary>Longest time between two looks for responses that have expired.</summary>
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMinutes(1);

    /// <summary>Share of the space that this process may fill before it looks whether responses must go.</summary>
    private const int SweepShare = 16;

    private readonly ConcurrentDictionary<string, bool> _held = [];
    private long _written;

    /// <summary>Extends a claim until <see cref="Drop"/>.</summary>
    public void Hold(string owner) => _held.TryAdd(owner, true);

    public void Drop(string owner) => _held.TryRemove(owner, out _);

    public void Wrote(long bytes) => Interlocked.Add(ref _written, bytes);

    /// <summary>The server stops before this service does, so that its last requests keep their claims.</summary>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        RepeatAsync(() => _held.IsEmpty ? null : store.RenewAsync(_held.Keys.ToList(), Lease, stoppingToken), stoppingToken),
        RepeatAsync(SweepsIfDue(stoppingToken), stoppingToken));

    private Func<Task?> SweepsIfDue(CancellationToken stoppingToken)
    {
        var last = clock.GetTimestamp();
        return () =>
        {
            if (clock.GetElapsedTime(last) < SweepInterval && Interlocked.Read(ref _written) <= options.MaxBytes / SweepShare)
            {
                return null;
            }

            last = clock.GetTimestamp();
            Interlocked.Exchange(ref _written, 0);
            return store.SweepAsync(options.MaxBytes, stoppingToken);
        };
    }

    /// <param name="work">Returns null if there is nothing to do.</param>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "A defect here must not end the process.")]
    private async Task RepeatAsync(Func<Task?> work, CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(Interval, clock, stoppingToken);
                if (work() is { } running)
                {
                    await watch.WatchAsync(running);
                }
            }
            catch (Exception)
            {
                // The service stops, or the watch has reported it.
            }
        }
    }
}
