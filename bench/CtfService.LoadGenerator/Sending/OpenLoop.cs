using System.Diagnostics;
using CtfService.LoadGenerator.Answers;
using CtfService.LoadGenerator.Arrivals;
using CtfService.LoadGenerator.Reports;
using CtfService.LoadGenerator.Requests;

namespace CtfService.LoadGenerator.Sending;

/// <summary>Sends requests when they are due, however many answers are still open. Times count from the moment at which a request was due.</summary>
public sealed class OpenLoop
{
    private readonly RequestSender _sender;
    private readonly RequestCatalog _catalog;
    private readonly LoadPlan _plan;
    private readonly LoadTally _tally = new();
    private readonly OpenRequests _open = new();
    private long _started;

    private OpenLoop(HttpClient client, RequestCatalog catalog, LoadPlan plan)
    {
        _sender = new RequestSender(client, plan.Timeout);
        _catalog = catalog;
        _plan = plan;
    }

    /// <summary>Sends the load and waits until every request has ended.</summary>
    public static async Task<LoadReport> RunAsync(LoadTarget target, RequestCatalog catalog, LoadPlan plan, CancellationToken cancellation)
    {
        using var client = target.CreateClient();
        var loop = new OpenLoop(client, catalog, plan);
        using var probe = LivenessProbe.Start(target, plan.ProbeInterval);
        await loop.SendAllAsync(cancellation);
        var liveness = probe.Stop(); // what follows is no longer the load
        await loop._open.AllEndedAsync(cancellation);
        return loop._tally.Report(plan.Duration.TotalSeconds, liveness);
    }

    private TimeSpan End => _plan.WarmUp + _plan.Duration;

    private TimeSpan Now => Stopwatch.GetElapsedTime(_started);

    private async Task SendAllAsync(CancellationToken cancellation)
    {
        var random = new Random(_plan.Seed + 1); // another sequence than that of the arrivals
        _started = Stopwatch.GetTimestamp();
        foreach (var due in ArrivalSchedule.Times(_plan.Arrivals, _plan.Rate, End, _plan.Seed))
        {
            await WaitAsync(due, cancellation);
            var request = _catalog.Next(random);
            var isHangUp = random.NextDouble() < _catalog.Mix.HangUpShare;
            var hangUp = isHangUp ? HangUp.Next(random, _plan.HangUpWithin) : null;
            var decodes = random.NextDouble() < _plan.DecodeShare;
            _tally.Sent(isWarmUp: due < _plan.WarmUp);
            _open.Begin();
            var caller = new Caller(hangUp, decodes, Obeys: random.NextDouble() < _plan.ObeyingShare);
            _ = Task.Run(() => SendAsync(request, due, caller, cancellation), cancellation);
        }

        await WaitAsync(End, cancellation);
    }

    private async Task SendAsync(LoadRequest request, TimeSpan due, Caller caller, CancellationToken cancellation)
    {
        try
        {
            var sent = Now;
            var answer = await _sender.SendAsync(request, caller.HangUp, caller.Decodes, cancellation);
            _tally.Ended(request, answer, Times(due, sent));
            if (caller.Obeys && answer is { Outcome: Outcome.Overloaded, RetryAfter: { } wait } && Now + wait < End)
            {
                var retryDue = Now + wait;
                await WaitAsync(retryDue, cancellation);
                var retrySent = Now;
                var second = await _sender.SendAsync(request, hangUp: null, caller.Decodes, cancellation);
                _tally.Retried(request, second, Times(retryDue, retrySent));
            }

            _open.End();
        }
        catch (Exception failure)
        {
            _open.Fail(failure);
        }
    }

    private RequestTimes Times(TimeSpan due, TimeSpan sent)
    {
        var now = Now;
        return new(now - due, sent - due, IsWarmUp: due < _plan.WarmUp, EndsInWindow: now >= _plan.WarmUp && now < End);
    }

    /// <summary>Waits until a moment, and never ends before it: a delay alone drops the fraction of a millisecond.</summary>
    private async Task WaitAsync(TimeSpan due, CancellationToken cancellation)
    {
        while (due - Now is var left && left > TimeSpan.Zero)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)), TimeProvider.System, cancellation);
        }
    }

    /// <param name="HangUp">Null for a caller who waits for the answer.</param>
    /// <param name="Decodes">Whether the images of the answer are decoded.</param>
    /// <param name="Obeys">Whether the caller tries again after <c>Retry-After</c>.</param>
    private readonly record struct Caller(HangUp? HangUp, bool Decodes, bool Obeys);
}
