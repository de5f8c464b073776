using CtfService.Api.Errors;
using CtfService.Jobs.Usage;

namespace CtfService.Api.Security;

/// <summary>Counts what callers use, and refuses what exceeds their limits. Callers without limits cost nothing. Thread-safe.</summary>
/// <param name="stored">Counters of API keys.</param>
/// <param name="local">Counters of addresses.</param>
internal sealed class CallerUsage(SecurityOptions security, ApiKeyRing keys, IUsageCounters stored, MemoryUsageCounters local)
{
    /// <summary>Charges a request that has arrived.</summary>
    /// <returns>The refusal if the caller has no request left; otherwise null.</returns>
    public async ValueTask<ApiError?> ArriveAsync(HttpContext http)
    {
        var limits = CallerLimits.Of(http, security);
        if (limits.IsUnlimited)
        {
            return null;
        }

        List<UsageCharge> charges = [.. limits.Images.Select(limit => new UsageCharge(limit, Amount: 0))];
        charges.AddRange(limits.Requests is { } requests ? [new UsageCharge(requests, Amount: 1)] : []);
        var receipt = await CountersOf(limits).ChargeAsync(charges);
        RateLimitHeaders.Set(http, receipt.States);
        return receipt.Exceeded is { } exceeded ? RateLimitErrors.Exceeded(exceeded, needed: 1) : null;
    }

    /// <summary>Charges the images of a validated request, before they are enqueued.</summary>
    /// <returns>The charge. Dispose it when the request has ended: what was not delivered is given back.</returns>
    /// <exception cref="RequestRefusedException">The caller has too few images left, or may never draw so many.</exception>
    public async ValueTask<ImageCharge> DrawAsync(HttpContext http, int images)
    {
        var limits = CallerLimits.Of(http, security);
        return await ChargeAsync(CountersOf(limits), [.. limits.Images], images, "n", states => RateLimitHeaders.Set(http, states));
    }

    /// <summary>Charges the images of a job. Jobs draw when no caller waits, so their images count in those of the day alone.</summary>
    /// <param name="tenant">Owner of the job.</param>
    /// <returns>The charge. Dispose it when the job has been created: it is given back unless all images were called delivered.</returns>
    /// <exception cref="RequestRefusedException">The owner has too few images left, or may never draw so many.</exception>
    public ValueTask<ImageCharge> DrawAsync(string tenant, long images)
    {
        var limits = CallerLimits.Of(tenant, keys.Find(tenant), security);
        return ChargeAsync(CountersOf(limits), limits.ImagesPerDay is { } daily ? [daily] : [], images, param: null, _ => { });
    }

    private static async ValueTask<ImageCharge> ChargeAsync(
        IUsageCounters counters, IReadOnlyList<UsageLimit> limits, long images, string? param, Action<IReadOnlyList<UsageState>> changed)
    {
        if (limits.Count == 0)
        {
            return ImageCharge.None;
        }

        if (limits.FirstOrDefault(limit => limit.Most < images) is { } small)
        {
            throw new RequestRefusedException(RateLimitErrors.NeverFits(small, images, param));
        }

        var receipt = await counters.ChargeAsync([.. limits.Select(limit => new UsageCharge(limit, images))]);
        changed(receipt.States);
        return receipt.Exceeded is { } exceeded
            ? throw new RequestRefusedException(RateLimitErrors.Exceeded(exceeded, images))
            : new ImageCharge(images, async rest => changed((await counters.ReturnAsync(receipt, rest)).States));
    }

    private IUsageCounters CountersOf(CallerLimits limits) => limits.IsStored ? stored : local;
}
