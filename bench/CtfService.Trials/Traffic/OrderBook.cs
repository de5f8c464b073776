using CtfService.Trials.Processes;
using CtfService.Trials.Reports;

namespace CtfService.Trials.Traffic;

/// <summary>Orders with seeds and the files that answer them, drawn before a trial by a process that nothing disturbs.</summary>
internal sealed class OrderBook
{
    private const int Classes = 24; // of the model that ships

    private static readonly int[] Numbers = [1, 1, 1, 2, 1, 4, 1, 8];

    private static readonly AnswerForm[] Forms =
        [AnswerForm.PngFile, AnswerForm.PngInJson, AnswerForm.Stream, AnswerForm.JpegFile, AnswerForm.JpegInJson, AnswerForm.PngFile, AnswerForm.Stream];

    private readonly IReadOnlyList<(ImageOrder Order, IReadOnlyList<byte[]> Files)> _orders;

    private OrderBook(IReadOnlyList<(ImageOrder Order, IReadOnlyList<byte[]> Files)> orders) => _orders = orders;

    /// <exception cref="InvalidOperationException">The service did not answer as it should.</exception>
    public static async Task<OrderBook> DrawAsync(ServiceInstance undisturbed, string key, int count)
    {
        var client = new GatewayClient([undisturbed], new TrafficTally());
        var orders = new List<(ImageOrder Order, IReadOnlyList<byte[]> Files)>();
        foreach (var number in Enumerable.Range(0, count))
        {
            var order = Order(number, seed: 70_000 + (ulong)number);
            var end = await client.SendAsync(() => order.Request(key, idempotencyKey: null), isSafe: true);
            orders.Add(end.Kind == EndKind.Answered
                ? (order, order.Files(end.Body))
                : throw new InvalidOperationException($"The undisturbed process did not answer {order}: {end.Detail}"));
        }

        TrialReport.Progress($"{count} orders with seeds drawn by an undisturbed process");
        return new(orders);
    }

    /// <summary>Returns an order whose answer is known.</summary>
    public ImageOrder Known(Random random) => _orders[random.Next(_orders.Count)].Order;

    /// <summary>Returns an order without a seed.</summary>
    public static ImageOrder Any(Random random) => Order(random.Next(10_000), seed: null);

    /// <summary>Returns null if the answer of an order is right, or what is wrong with it.</summary>
    public string? Judge(ImageOrder order, byte[] body)
    {
        try
        {
            var files = order.Files(body);
            if (order.Seed is null)
            {
                return null;
            }

            var expected = _orders.Single(known => known.Order == order).Files;
            var wrong = files.Zip(expected).Count(pair => !pair.First.AsSpan().SequenceEqual(pair.Second));
            return wrong == 0 ? null : $"{wrong} of {files.Count} images are not those of an undisturbed process";
        }
        catch (Exception unreadable) when (unreadable is FormatException or System.Text.Json.JsonException or NullReferenceException)
        {
            return unreadable.Message;
        }
    }

    /// <summary>Streams have one image.</summary>
    private static ImageOrder Order(int number, ulong? seed)
    {
        var form = Forms[number % Forms.Length];
        return new(number % Classes, seed, form == AnswerForm.Stream ? 1 : Numbers[number % Numbers.Length], form);
    }
}
