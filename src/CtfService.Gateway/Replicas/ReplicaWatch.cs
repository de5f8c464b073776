using CtfService.Gateway.Configuration;

namespace CtfService.Gateway.Replicas;

/// <summary>Finds the replicas again and again, and keeps what is known about each up to date. Each replica is probed at its own pace.</summary>
internal sealed partial class ReplicaWatch(
    GatewayOptions options, ReplicaPool pool, ReplicaAddresses addresses, ReplicaProbe probe, ILogger<ReplicaWatch> logger) : BackgroundService
{
    private readonly Dictionary<Replica, Task> _probes = [];
    private readonly HashSet<string> _unresolved = [];
    private int _hiddenModels;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var pause = new PeriodicTimer(options.HealthInterval);
        do
        {
            _unresolved.IntersectWith(await FindAsync(stoppingToken));
            foreach (var replica in pool.All.Where(replica => !_probes.TryGetValue(replica, out var running) || running.IsCompleted))
            {
                _probes[replica] = ProbeAsync(replica, stoppingToken);
            }
        }
        while (await pause.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>Returns the names that could not be resolved.</summary>
    private async Task<IReadOnlyCollection<string>> FindAsync(CancellationToken cancellation)
    {
        HashSet<string> unresolved = [];
        var found = await addresses.FindAsync(
            (name, reason) =>
            {
                unresolved.Add(name);
                if (_unresolved.Add(name)) // once, not with every probe
                {
                    Log.NameUnresolved(logger, name, reason);
                }
            },
            cancellation);
        var (added, gone) = pool.Replace(found);
        foreach (var replica in added)
        {
            Log.Found(logger, replica.Name, replica.Host);
        }

        foreach (var replica in gone)
        {
            _probes.Remove(replica);
            Log.Gone(logger, replica.Name);
        }

        return unresolved;
    }

    private async Task ProbeAsync(Replica replica, CancellationToken cancellation)
    {
        await Task.Yield(); // one slow replica delays no other
        for (var late = 1; ; late++)
        {
            var result = await probe.AskAsync(replica, cancellation);
            if (result.IsLate && replica.State.IsReady && late < options.MaxLateProbes)
            {
                continue;
            }

            Record(replica, result);
            return;
        }
    }

    private void Record(Replica replica, ProbeResult result)
    {
        var before = replica.Set(result.State.IsReady ? result.State : result.State with { Models = replica.State.Models });
        if (result.AreModelsHidden && Interlocked.Exchange(ref _hiddenModels, 1) == 0)
        {
            Log.ModelsHidden(logger, replica.Name);
        }

        if (result.State.IsReady && !before.IsReady)
        {
            Log.In(logger, replica.Name, string.Join(", ", result.State.Models.Order(StringComparer.Ordinal)));
        }
        else if (!result.State.IsReady && before.Reason != result.State.Reason)
        {
            Log.Out(logger, replica.Name, result.State.Reason);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Telemetry.GatewayEventIds.ReplicaIn, LogLevel.Information, "Replica {Replica} is ready with the models {Models}")]
        public static partial void In(ILogger logger, string replica, string models);

        [LoggerMessage(Telemetry.GatewayEventIds.ReplicaOut, LogLevel.Warning, "Replica {Replica} gets no requests: {Reason}")]
        public static partial void Out(ILogger logger, string replica, string reason);

        [LoggerMessage(Telemetry.GatewayEventIds.ReplicaFound, LogLevel.Information, "Found replica {Replica} of {Host}")]
        public static partial void Found(ILogger logger, string replica, string host);

        [LoggerMessage(Telemetry.GatewayEventIds.ReplicaGone, LogLevel.Information, "Replica {Replica} is gone: its name no longer leads to it")]
        public static partial void Gone(ILogger logger, string replica);

        [LoggerMessage(Telemetry.GatewayEventIds.NameUnresolved, LogLevel.Warning, "The name {Host} of replicas cannot be resolved: {Reason}")]
        public static partial void NameUnresolved(ILogger logger, string host, string reason);

        [LoggerMessage(
            Telemetry.GatewayEventIds.ModelsHidden,
            LogLevel.Warning,
            "Replica {Replica} requires a key for its list of models; without Gateway:ApiKey, requests are routed by a model's name but not by its aliases")]
        public static partial void ModelsHidden(ILogger logger, string replica);
    }
}
