using System.Collections.Concurrent;

namespace CtfService.Trials.Traffic;

/// <summary>Sends each key one to three times: at the same time, soon after, after failures, and minutes later.</summary>
internal sealed class KeyedClients(GatewayClient client, OrderBook book, TrafficTally tally)
{
    private const int MostAttempts = 10;

    private readonly ConcurrentQueue<KeyedOrder> _old = [];

    /// <summary>Keys that got an answer, and how many more answers all of them got after the first.</summary>
    public (int Keys, int Repeats) Counts => (_keys, _repeats);

    private int _keys;
    private int _repeats;

    public async Task SendAsync(Random random, string apiKey, CancellationToken stopping)
    {
        var order = random.Next(3) == 0 ? book.Known(random) : OrderBook.Any(random);
        if (order.Form == AnswerForm.Stream)
        {
            order = order with { Form = AnswerForm.PngInJson, Seed = null }; // streams have no keys
        }

        var keyed = new KeyedOrder(order, apiKey);
        var times = random.Next(1, 4);
        var together = random.Next(1, times + 1);
        await Task.WhenAll(Enumerable.Range(0, together).Select(_ => OnceAsync(keyed)));
        for (var attempt = 0; attempt < MostAttempts && !keyed.IsAnswered && !stopping.IsCancellationRequested; attempt++)
        {
            await PauseAsync(random, mostSeconds: 4, stopping); // after a failure the key is free again
            await OnceAsync(keyed);
        }

        for (var later = together; later < times && !stopping.IsCancellationRequested; later++)
        {
            await PauseAsync(random, mostSeconds: 5, stopping);
            await OnceAsync(keyed);
        }

        Interlocked.Increment(ref _keys);
        if (keyed.IsAnswered)
        {
            _old.Enqueue(keyed);
        }
    }

    /// <summary>Repeats the key that has not been repeated for the longest time.</summary>
    public async Task RepeatOldAsync()
    {
        if (_old.TryDequeue(out var keyed))
        {
            await OnceAsync(keyed);
            _old.Enqueue(keyed);
        }
    }

    private async Task OnceAsync(KeyedOrder keyed)
    {
        var wasAnswered = keyed.IsAnswered;
        var end = await client.SendAsync(keyed.Request, isSafe: true);
        tally.Ended(end, $"{keyed}");
        if (end.Kind != EndKind.Answered)
        {
            return;
        }

        if (wasAnswered)
        {
            Interlocked.Increment(ref _repeats);
        }

        if ((book.Judge(keyed.Order, end.Body) ?? keyed.Judge(end.Body)) is { } wrong)
        {
            tally.Wrong($"{keyed}: {wrong}");
        }
    }

    private static Task PauseAsync(Random random, int mostSeconds, CancellationToken stopping) =>
        Task.Delay(TimeSpan.FromSeconds(mostSeconds * random.NextDouble()), TimeProvider.System, stopping).ContinueWith(
            _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
