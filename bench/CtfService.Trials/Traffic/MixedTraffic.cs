using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using CtfService.Trials.Reports;

namespace CtfService.Trials.Traffic;

/// <summary>Clients that ask for everything at random: images with seeds and without, in all forms, with idempotency keys, and lists.</summary>
internal sealed class MixedTraffic(GatewayClient client, OrderBook book, TrafficTally tally, KeyedClients? keyed, IReadOnlyList<string> apiKeys)
{
    private static readonly string[] Lists = ["/v1/models", "/v1/classes", "/v1/datasets", "/v1/models"];

    /// <summary>Sends requests until cancelled; those under way are finished.</summary>
    /// <param name="pause">Longest pause between two requests of a client; the average is half of it.</param>
    public Task RunAsync(int clients, TimeSpan pause, CancellationToken stopping) => Task.WhenAll(Enumerable.Range(1, clients).Select(async number =>
    {
        var random = new Random(number);
        while (!stopping.IsCancellationRequested)
        {
            await SendAsync(random, stopping);
            await Task.Delay(pause * random.NextDouble(), TimeProvider.System, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }));

    private Task SendAsync(Random random, CancellationToken stopping)
    {
        var apiKey = apiKeys[random.Next(apiKeys.Count)];
        return random.Next(100) switch
        {
            < 50 => DrawAsync(book.Known(random), apiKey),
            < 65 => DrawAsync(OrderBook.Any(random), apiKey),
            < 85 when keyed is not null => keyed.SendAsync(random, apiKey, stopping),
            < 90 when keyed is not null => keyed.RepeatOldAsync(),
            < 90 => DrawAsync(OrderBook.Any(random), apiKey),
            _ => ListAsync(Lists[random.Next(Lists.Length)], apiKey),
        };
    }

    private async Task DrawAsync(ImageOrder order, string apiKey)
    {
        var end = await client.SendAsync(() => order.Request(apiKey, idempotencyKey: null), isSafe: order.Seed is not null);
        tally.Ended(end, $"{order}");
        if (end.Kind == EndKind.Answered && book.Judge(order, end.Body) is { } wrong)
        {
            tally.Wrong($"{order}: {wrong}");
        }
    }

    private async Task ListAsync(string path, string apiKey)
    {
        var end = await client.SendAsync(
            () =>
            {
                var request = new HttpRequestMessage(HttpMethod.Get, path);
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
                return request;
            },
            isSafe: true);
        tally.Ended(end, $"GET {path}");
        if (end.Kind == EndKind.Answered && !IsList(end.Body))
        {
            tally.Wrong($"GET {path} returned something else than a list");
        }
    }

    private static bool IsList(byte[] body)
    {
        try
        {
            return JsonNode.Parse(body)?["data"] is JsonArray;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Adds what clients got.</summary>
    public static void Report(TrialReport report, TrafficTally tally)
    {
        report.Measure("requests of clients", $"{tally.Requests}");
        foreach (var (end, count) in tally.Ends)
        {
            report.Measure($"- {end}", $"{count}");
        }

        report.Measure("requests sent to the other gateway because one was down", $"{tally.OtherGateway}");
    }
}
