using System.Diagnostics;
using CtfService.LoadGenerator.Answers;
using CtfService.LoadGenerator.Reports;
using CtfService.LoadGenerator.Requests;

namespace CtfService.LoadGenerator.Sending;

/// <summary>Callers who each wait for an answer before they send again: the most that a service can do, or what it does for a single caller.</summary>
public static class ClosedLoop
{
    /// <summary>Runs callers for the time of the plan, whose rate, arrivals and hang-ups do not apply, and waits until every request has ended.</summary>
    /// <param name="pause">Time between an answer and the next request of a caller.</param>
    public static async Task<LoadReport> RunAsync(
        LoadTarget target, RequestCatalog catalog, LoadPlan plan, int callers, TimeSpan pause, CancellationToken cancellation)
    {
        using var client = target.CreateClient();
        using var probe = LivenessProbe.Start(target, plan.ProbeInterval);
        var sender = new RequestSender(client, plan.Timeout);
        var tally = new LoadTally();
        var started = Stopwatch.GetTimestamp();
        var end = plan.WarmUp + plan.Duration;
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(
            async () =>
            {
                var random = new Random(plan.Seed + caller);
                while (Stopwatch.GetElapsedTime(started) is var sent && sent < end)
                {
                    var request = catalog.Next(random);
                    tally.Sent(isWarmUp: sent < plan.WarmUp);
                    var answer = await sender.SendAsync(request, hangUp: null, random.NextDouble() < plan.DecodeShare, cancellation);
                    var now = Stopwatch.GetElapsedTime(started);
                    tally.Ended(request, answer, new(now - sent, TimeSpan.Zero, IsWarmUp: sent < plan.WarmUp, now >= plan.WarmUp && now < end));
                    await Task.Delay(Max(pause, answer.RetryAfter ?? TimeSpan.Zero), TimeProvider.System, cancellation);
                }
            },
            cancellation)));
        return tally.Report(plan.Duration.TotalSeconds, probe.Stop());
    }

    /// <summary>Sends every request of a catalogue once, one after another, and returns what was wrong.</summary>
    public static async Task<IReadOnlyList<string>> CheckAllAsync(LoadTarget target, RequestCatalog catalog, CancellationToken cancellation)
    {
        using var client = target.CreateClient();
        var sender = new RequestSender(client, new LoadPlan { Rate = 1, Duration = TimeSpan.Zero }.Timeout);
        var wrong = new List<string>();
        foreach (var request in catalog.Requests)
        {
            var answer = await sender.SendAsync(request with { Deadline = null }, hangUp: null, decodes: true, cancellation);
            if (answer.Outcome is not (Outcome.Ok or Outcome.BadRequestRefused))
            {
                wrong.Add($"{request.Name}: {answer.Outcome}: {answer.Detail}");
            }
        }

        return wrong;
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
