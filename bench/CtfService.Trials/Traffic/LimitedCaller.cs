using System.Globalization;
using System.Text.RegularExpressions;

namespace CtfService.Trials.Traffic;

/// <summary>Asks for more images than its key may draw, and counts what it gets in each window of the quota, which the answers name.</summary>
internal sealed partial class LimitedCaller(GatewayClient client, TrafficTally tally, string apiKey, int imagesPerMinute)
{
    /// <summary>Requests at the same time.</summary>
    public const int Concurrency = 2;

    /// <summary>So many times the quota is asked for.</summary>
    private const double Pressure = 1.6;

    private const string Reset = "x-ratelimit-reset-images";

    /// <summary>Ends of the same window that answers name differ by their rounding and their way.</summary>
    private static readonly TimeSpan Apart = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly List<(DateTimeOffset WindowEnd, int Images, bool IsRefusal)> _answers = [];

    public Task RunAsync(CancellationToken stopping) => Task.WhenAll(Enumerable.Range(0, Concurrency).Select(number => RunAsync(number, stopping)));

    /// <summary>Returns the windows that ran out of images, so that all of the quota was used.</summary>
    public IReadOnlyList<QuotaWindow> FullWindows()
    {
        var windows = new List<List<(DateTimeOffset WindowEnd, int Images, bool IsRefusal)>>();
        lock (_gate)
        {
            foreach (var answer in _answers.OrderBy(each => each.WindowEnd))
            {
                if (windows.Count == 0 || answer.WindowEnd - windows[^1][^1].WindowEnd > Apart)
                {
                    windows.Add([]);
                }

                windows[^1].Add(answer);
            }
        }

        return
        [
            .. windows.Where(window => window.Exists(answer => answer.IsRefusal))
                .Select(window => new QuotaWindow(window[0].WindowEnd, window.Sum(answer => answer.Images))),
        ];
    }

    private async Task RunAsync(int number, CancellationToken stopping)
    {
        var random = new Random(number);
        var pause = TimeSpan.FromMinutes(Concurrency * 1.5 / (imagesPerMinute * Pressure)); // 1.5 images on average
        while (!stopping.IsCancellationRequested)
        {
            var order = new ImageOrder(random.Next(24), Seed: null, random.Next(1, 3), AnswerForm.JpegInJson);
            var next = Task.Delay(pause, TimeProvider.System, CancellationToken.None);
            var end = await client.SendAsync(() => order.Request(apiKey, idempotencyKey: null), isSafe: false);
            Saw(order, end);
            await next;
        }
    }

    private void Saw(ImageOrder order, TrafficEnd end)
    {
        tally.Ended(end, $"{order} of the limited key");
        var isRefusal = end is { Kind: EndKind.Refused, Detail: "429 rate_limit_exceeded" };
        if (end.Kind != EndKind.Answered && !isRefusal)
        {
            return;
        }

        if (end.Headers.TryGetValue(Reset, out var reset) && Read(reset) is { } wait)
        {
            lock (_gate)
            {
                _answers.Add((TimeProvider.System.GetUtcNow() + wait, isRefusal ? 0 : order.Images, isRefusal));
            }
        }
        else
        {
            tally.Wrong($"an answer of the limited key has no {Reset} ({reset})");
        }
    }

    /// <summary>Reads a time such as <c>120ms</c>, <c>59s</c> or <c>1m0s</c>; null if it is none.</summary>
    private static TimeSpan? Read(string text) => Time().Match(text) is { Success: true } match
        ? TimeSpan.FromMilliseconds((Number(match, "h") * 3_600_000) + (Number(match, "m") * 60_000) + (Number(match, "s") * 1_000) + Number(match, "ms"))
        : null;

    private static double Number(Match match, string unit) =>
        match.Groups[unit] is { Success: true } group ? double.Parse(group.Value, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"^(?:(?<h>\d+)h)?(?:(?<m>\d+)m)?(?:(?<s>\d+)s)?(?:(?<ms>\d+)ms)?$")]
    private static partial Regex Time();
}

/// <summary>A minute of a quota.</summary>
/// <param name="Images">Images that the caller got.</param>
internal sealed record QuotaWindow(DateTimeOffset End, int Images)
{
    public DateTimeOffset Start => End - TimeSpan.FromMinutes(1);
}
