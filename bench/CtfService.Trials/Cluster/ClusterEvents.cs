using CtfService.Trials.Processes;
using CtfService.Trials.Reports;

namespace CtfService.Trials.Cluster;

/// <summary>
/// Disturbs a cluster at intervals by a plan that a seed decides: kills and stops replicas and gateways, restarts and stops PostgreSQL, one after another.
/// Each is mended before the next.
/// </summary>
internal sealed class ClusterEvents(ReplicaCluster cluster, int seed, TimeSpan interval, TimeSpan duration)
{
    /// <summary>How long PostgreSQL is away when it is stopped.</summary>
    private static readonly TimeSpan Away = TimeSpan.FromSeconds(6);

    private static readonly TimeSpan MostPause = TimeSpan.FromSeconds(4);

    private readonly Random _random = new(seed);
    private readonly SortedDictionary<string, int> _counts = new(StringComparer.Ordinal);
    private readonly List<(DateTimeOffset From, DateTimeOffset To)> _databaseTimes = [];

    /// <summary>Events by kind.</summary>
    public IReadOnlyDictionary<string, int> Counts => _counts;

    /// <summary>From the beginning of each event of PostgreSQL until it was ready again.</summary>
    public IReadOnlyList<(DateTimeOffset From, DateTimeOffset To)> DatabaseTimes => _databaseTimes;

    /// <summary>Exit codes other than 0 of processes that were asked to stop.</summary>
    public List<string> BadExits { get; } = [];

    public async Task RunAsync(CancellationToken cancellation)
    {
        var started = TimeProvider.System.GetTimestamp();
        for (var number = 1; interval * number <= duration; number++)
        {
            var left = (interval * number) - TimeProvider.System.GetElapsedTime(started);
            await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, TimeProvider.System, cancellation);
            var (name, run) = Next(number);
            TrialReport.Progress($"event {number}: {name}");
            _counts[name] = _counts.GetValueOrDefault(name) + 1;
            var from = TimeProvider.System.GetUtcNow();
            await run(cancellation);
            if (name.StartsWith("PostgreSQL", StringComparison.Ordinal))
            {
                _databaseTimes.Add((from, TimeProvider.System.GetUtcNow()));
            }
        }
    }

    /// <summary>The first six events have each kind once, so that a short trial has them, too; the others are drawn.</summary>
    private (string Name, Func<CancellationToken, Task> Run) Next(int number)
    {
        var replica = cluster.Replicas[_random.Next(cluster.Replicas.Count)];
        var gateway = cluster.Gateways[_random.Next(cluster.Gateways.Count)];
        (string Name, Func<CancellationToken, Task> Run)[] kinds =
        [
            ("replica killed", token => KillAsync(replica, token)),
            ("gateway stopped", token => StopAsync(gateway, token)),
            ("PostgreSQL restarted", _ => cluster.Database!.RestartAsync(isCrash: false)),
            ("replica stopped", token => StopAsync(replica, token)),
            ("gateway killed", token => KillAsync(gateway, token)),
            ("PostgreSQL away", DatabaseAwayAsync),
            ("replica killed", token => KillAsync(replica, token)),
            ("replica stopped", token => StopAsync(replica, token)),
            ("PostgreSQL crashed", _ => cluster.Database!.RestartAsync(isCrash: true)),
            ("replica killed", token => KillAsync(replica, token)),
        ];
        return kinds[number <= 6 ? number - 1 : _random.Next(kinds.Length)];
    }

    private async Task KillAsync(ServiceInstance process, CancellationToken cancellation)
    {
        process.Kill();
        await StartAgainAsync(process, cancellation);
    }

    private async Task StopAsync(ServiceInstance process, CancellationToken cancellation)
    {
        var code = await process.StopAsync();
        if (code != 0)
        {
            BadExits.Add($"{process.Name}: {code}");
        }

        await StartAgainAsync(process, cancellation);
    }

    private async Task DatabaseAwayAsync(CancellationToken cancellation)
    {
        await cluster.Database!.StopAsync();
        await Task.Delay(Away, TimeProvider.System, cancellation);
        await cluster.Database.StartAgainAsync();
    }

    private async Task StartAgainAsync(ServiceInstance process, CancellationToken cancellation)
    {
        await Task.Delay(MostPause * _random.NextDouble(), TimeProvider.System, cancellation);
        var time = await process.StartReadyAsync(cancellation);
        TrialReport.Progress($"{process.Name} is ready after {time.TotalSeconds:0.0} s");
    }
}
