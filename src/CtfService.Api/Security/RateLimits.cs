using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using CtfService.Api.Errors;
using Microsoft.AspNetCore.RateLimiting;

namespace CtfService.Api.Security;

/// <summary>
/// Shares the service between its callers: each key, and each address without a key, has a bucket of requests that refills evenly over a minute. This is
/// apart from a full queue, which concerns everybody at once.
/// </summary>
internal static class RateLimits
{
    public const string Policy = "caller";

    /// <summary>What the name of a caller without a key begins with.</summary>
    internal const string OfAddress = "address ";

    /// <summary>Providers hand out at least this much of IPv6 to one customer.</summary>
    private const int NetworkBytes = 8;

    /// <summary>Some 15 MB when all are in use; each is dropped when it has been full for ten seconds.</summary>
    internal const int AddressBuckets = 65_536;

    public static void Define(RateLimiterOptions limiter, SecurityOptions security)
    {
        limiter.AddPolicy(Policy, context => Bucket(BucketOf(context), Limit(context, security)));
        limiter.OnRejected = (rejected, _) => new ValueTask(RefuseAsync(rejected, security));
    }

    /// <summary>Who calls: the API key, or without one the address or network.</summary>
    internal static string Caller(HttpContext context) =>
        context.User.Identity?.Name is { } key ? $"key {key}" : $"{OfAddress}{Network(context.Connection.RemoteIpAddress)}";

    /// <summary>
    /// A bucket for each key. Addresses are spread over a fixed number of buckets, so that their memory does not grow with the addresses that call; two
    /// addresses seldom share one.
    /// </summary>
    internal static string BucketOf(HttpContext context) =>
        context.User.Identity?.Name is { } key ? $"key {key}" : AddressBucket(Network(context.Connection.RemoteIpAddress));

    /// <summary>The hash has a seed that differs from process to process, so a caller cannot choose addresses that share a bucket.</summary>
    internal static string AddressBucket(IPAddress? network) => $"address {(uint)HashCode.Combine(network) % AddressBuckets}";

    /// <summary>The address itself, or the /64 network of an IPv6 address.</summary>
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
        + $"Try again in {Math.Max(1, Math.Ceiling(wait.TotalSeconds)):0} s, or ask whoever runs this service to raise Security:RequestsPerMinute.",
        "rate_limit_exceeded")
    {
        RetryAfter = wait,
    };

    private static int Limit(HttpContext context, SecurityOptions security)
    {
        var name = context.User.Identity?.Name;
        return security.ApiKeys.FirstOrDefault(key => key.Name == name)?.RequestsPerMinute ?? security.RequestsPerMinute;
    }

    /// <summary>Callers without a limit share one partition: a partition that limits nothing is never idle, so it would stay for ever.</summary>
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
