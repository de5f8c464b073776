using CtfService.Api.Memory;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Api.Tests.Memory;

public sealed class MemoryWatchTests
{
    private const long Limit = 1_000L << 20;

    private readonly FakeTimeProvider _clock = new();
    private readonly FakeLogger<MemoryWatch> _log = new();

    [Fact]
    public async Task Watch_MemoryNearsTheLimit_WarnsOnceUntilItFalls()
    {
        long[] used = [500, 910, 950, 850, 910, 790, 901, 999]; // MiB, each second
        var reads = 0;
        using var watch = new MemoryWatch(Limit, () => used[Math.Min(reads++, used.Length - 1)] << 20, [], _clock, _log);

        await watch.StartAsync(CancellationToken.None);
        while (reads < used.Length)
        {
            var before = reads;
            _clock.Advance(TimeSpan.FromSeconds(1));
            SpinWait.SpinUntil(() => reads > before, TimeSpan.FromMilliseconds(100)); // the watch goes on on another thread
        }

        await watch.StopAsync(CancellationToken.None);
        var warnings = _log.Collector.GetSnapshot().Where(line => line.Level == LogLevel.Warning).Select(line => line.Message).ToList();
        Assert.Equal(2, warnings.Count);
        Assert.Contains("uses 910 MiB of the 1000 MiB", warnings[0], StringComparison.Ordinal);
        Assert.Contains("uses 901 MiB of the 1000 MiB", warnings[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watch_SettingsAreReduced_ListsThem()
    {
        using var watch = new MemoryWatch(Limit, () => null, ["Limits:MaxUploads 16 to 4", "Limits:MaxUploadBytes 10 to 5"], _clock, _log);

        await watch.StartAsync(CancellationToken.None);
        Assert.True(SpinWait.SpinUntil(() => _log.Collector.Count > 0, TimeSpan.FromSeconds(30)));
        await watch.StopAsync(CancellationToken.None);

        Assert.Contains("settings are reduced: Limits:MaxUploads 16 to 4, Limits:MaxUploadBytes", _log.LatestRecord.Message, StringComparison.Ordinal);
    }
}
