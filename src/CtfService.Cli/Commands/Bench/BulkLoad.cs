using System.Diagnostics;
using CtfService.Core.Generation;

namespace CtfService.Cli.Commands.Bench;

/// <summary>
/// A job in the background: bulk submissions of the size of a shard, two at a time, until it is disposed. Disposing waits until the images have left the model.
/// </summary>
internal sealed class BulkLoad : IAsyncDisposable
{
    private const int ShardImages = 64;
    private const int ShardsAtOnce = 2;

    private readonly ServedModel _served;
    private readonly CancellationTokenSource _stop;
    private readonly Task _shards;
    private long _nextSeed;
    private int _finished;

    public BulkLoad(ServedModel served, CancellationToken cancellation)
    {
        _served = served;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _shards = Task.WhenAll(Enumerable.Range(0, ShardsAtOnce).Select(_ => RunAsync()));
    }

    /// <summary>Runs an action beside the job.</summary>
    /// <returns>The bulk images that were finished per second.</returns>
    public async Task<double> RateDuringAsync(Func<Task> action)
    {
        var (before, started) = (Volatile.Read(ref _finished), Stopwatch.GetTimestamp());
        await action();
        return (Volatile.Read(ref _finished) - before) / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _shards.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (true)
        {
            var first = Interlocked.Add(ref _nextSeed, ShardImages) - ShardImages;
            var model = _served.Description;
            ImageSpecification[] images = [.. Enumerable.Range(0, ShardImages).Select(i => new ImageSpecification(
                (int)((first + i) % model.Classes.Count), (ulong)(first + i), model.DefaultCoarse, model.DefaultFine))];
            await _served.GenerateAsync(images, ImagePriority.Bulk, _ => Interlocked.Increment(ref _finished), _stop.Token);
        }
    }
}
