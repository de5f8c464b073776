using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using CtfService.Api.Errors;
using Microsoft.AspNetCore.RateLimiting;

namespace CtfService.Api.Security;

/// <summary>
/// Rate limits of callers: each key, and each address without a key, has a bucket of requests that refills evenly over a minute. Independent of the queue,
/// whose limit is shared by all callers.
/// </summary>
internal static class RateLimits
{
    public const string Policy = "caller";

    /// <summary>Prefix of the name of a caller without a key.</summary>
    internal const string OfAddress = "address ";

    /// <summary>Prefix length of an IPv6 network; providers assign at least this much to one customer.</summary>
    private const int NetworkBytes = 8;

    /// <summary>Number of buckets of addresses: about 15 MB if all are in use. Each is dropped after it has been full for ten seconds.</summary>
    internal const int AddressBuckets = 65_536;

    public static void Define(RateLimiterOptions limiter, SecurityOptions security)
    {
        limiter.AddPolicy(Policy, context => Bucket(BucketOf(context), Limit(context, security)));
        limiter.OnRejected = (rejected, _) => new ValueTask(RefuseAsync(rejected, security));
    }

    /// <summary>Returns the name of the caller: the API key or, without one, the address or network.</summary>
    internal static string Caller(HttpContext context) =>
        context.User.Identity?.Name is { } key ? $"key {key}" : $"{OfAddress}{Network(context.Connection.RemoteIpAddress)}";

    /// <summary>
    /// Returns the bucket of the caller. Each key has its own. Addresses are spread over a fixed number of buckets, so that memory does not grow with the
    /// number of addresses; two addresses rarely share one.
    /// </summary>
    internal static string BucketOf(HttpContext context) =>
        context.User.Identity?.Name is { } key ? $"key {key}" : AddressBucket(Network(context.Connection.RemoteIpAddress));

    /// <summary>Returns the bucket of a network. The hash is seeded per process, so a caller cannot choose addresses that share a bucket.</summary>
    internal static string AddressBucket(IPAddress? network) => $"address {(uint)HashCode.Combine(network) % AddressBuckets}";

    /// <summary>Returns the address, or the /64 network of an IPv6 address.</summary>
    internal static IPAddress? Network(IPAddress? address)
    {
        if (address is not { AddressFamily: AddressFamily.InterNetworkV6 })
        {
            return address;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        var network = address.GetAddressBytes();
        network.AsSpan(NetworkBytes).Clear();
        return new IPAddress(network);
    }

    internal static ApiError Refusal(int perMinute, bool isKey, TimeSpan wait) => new(
        StatusCodes.Status429TooManyRequests,
        $"More than {perMinute} requests a minute came from this {(isKey ? "key" : "address")}. "
        + $"Try again in {Math.Max(1, Math.Ceiling(wait.TotalSeconds)):0} s, or ask the operator of this service to raise Security:RequestsPerMinute.",
        "rate_limit_exceeded")
    {
        RetryAfter = wait,
    };

    private static int Limit(HttpContext context, SecurityOptions security) => CallerKey.Of(context)?.RequestsPerMinute ?? security.RequestsPerMinute;

    /// <summary>
    /// Returns the partition of a caller. Callers without a limit share one: a partition without a limit is never idle, so it would never be removed.
    /// </summary>
    internal static RateLimitPartition<string> Bucket(string caller, int perMinute) => perMinute == 0
        ? RateLimitPartition.GetNoLimiter("")
        : RateLimitPartition.GetTokenBucketLimiter(caller, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = perMinute,
            TokensPerPeriod = 1,
            ReplenishmentPeriod = TimeSpan.FromMinutes(1) / perMinute,
        });

    private static Task RefuseAsync(OnRejectedContext rejected, SecurityOptions security)
    {
        var context = rejected.HttpContext;
        var wait = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var known) ? known : TimeSpan.FromMinutes(1);
        var error = Refusal(Limit(context, security), isKey: context.User.Identity?.Name is not null, wait);
        return context.RequestServices.GetRequiredService<ErrorWriter>().WriteAsync(context, error);
    }
}
