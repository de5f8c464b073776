using System.Net;
using CtfService.Api.Security;
using Microsoft.AspNetCore.Http;

namespace CtfService.Api.Tests.Security;

/// <summary>The memory of the rate limiter does not grow with the number of callers.</summary>
public sealed class RateLimitPartitionTests
{
    [Fact]
    public void AddressBucket_TwoHundredThousandNetworks_UseABoundedNumber()
    {
        var buckets = Enumerable.Range(0, 200_000).Select(number => RateLimits.AddressBucket(new IPAddress(0x0102_0000L + number))).ToHashSet();

        Assert.InRange(buckets.Count, RateLimits.AddressBuckets / 2, RateLimits.AddressBuckets);
    }

    [Fact]
    public void BucketOf_AddressesOfOneNetwork_IsTheSame()
    {
        Assert.Equal(BucketOf("2001:db8:1:2::3"), BucketOf("2001:db8:1:2:ffff::4"));
        Assert.Equal(BucketOf("192.0.2.7"), BucketOf("::ffff:192.0.2.7"));
    }

    private static string BucketOf(string address) =>
        RateLimits.BucketOf(new DefaultHttpContext { Connection = { RemoteIpAddress = IPAddress.Parse(address) } });
}
