using CtfService.Api.Hosting;
using CtfService.Jobs.Usage;

namespace CtfService.Api.Security;

/// <summary>The limits of an API key, or of an address without one; null if there is no limit.</summary>
/// <param name="IsStored">True if they are counted in the store that processes share, as those of keys are; false if in the memory of this process.</param>
internal sealed record CallerLimits(bool IsStored, UsageLimit? Requests, UsageLimit? ImagesPerMinute, UsageLimit? ImagesPerDay)
{
    /// <summary>All callers without a key are one owner of jobs.</summary>
    internal const string OwnerWithoutKey = "without a key";

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    public bool IsUnlimited => (Requests, ImagesPerMinute, ImagesPerDay) is (null, null, null);

    /// <summary>The limits that the images of a request count in.</summary>
    public IEnumerable<UsageLimit> Images => new[] { ImagesPerMinute, ImagesPerDay }.OfType<UsageLimit>();

    /// <summary>Returns the limits of the caller of a request; none for the service itself.</summary>
    public static CallerLimits Of(HttpContext http, SecurityOptions security) => WarmUpRequest.Is(http)
        ? new CallerLimits(IsStored: false, Requests: null, ImagesPerMinute: null, ImagesPerDay: null)
        : Of(RateLimits.BucketOf(http), CallerKey.Of(http), isStored: http.User.Identity?.Name is not null, security);

    /// <summary>Returns the limits of an owner of jobs.</summary>
    /// <param name="tenant">Name of the API key; empty without one.</param>
    /// <param name="key">Null without a key, or if it was removed: then the general limits apply.</param>
    public static CallerLimits Of(string tenant, ApiKeyOptions? key, SecurityOptions security) =>
        Of(tenant.Length > 0 ? RateLimits.OfKey + tenant : OwnerWithoutKey, key, isStored: true, security);

    private static CallerLimits Of(string owner, ApiKeyOptions? key, bool isStored, SecurityOptions security)
    {
        return new CallerLimits(
            isStored,
            Limit(nameof(security.RequestsPerMinute), key?.RequestsPerMinute ?? security.RequestsPerMinute, Minute),
            Limit(nameof(security.ImagesPerMinute), key?.ImagesPerMinute ?? security.ImagesPerMinute, Minute),
            Limit(nameof(security.ImagesPerDay), key?.ImagesPerDay ?? security.ImagesPerDay, Day));

        UsageLimit? Limit(string setting, int most, TimeSpan window) => most == 0 ? null : new UsageLimit(owner, setting, most, window);
    }
}
