using CtfService.Api.Memory;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Api.Tests.Memory;

public sealed class MemoryTrimTests
{
    [Fact]
    public async Task Trim_MinutesPass_HappensOnceInEach()
    {
        var (clock, trims) = (new FakeTimeProvider(), 0);
        using var trim = new MemoryTrim(() => trims++, clock);

        await trim.StartAsync(CancellationToken.None);
        clock.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(0, trims);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, trims);
        clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(3, trims);

        await trim.StopAsync(CancellationToken.None);
        clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(3, trims);
    }
}
