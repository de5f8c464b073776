using System.Text.Json.Nodes;
using CtfService.Trials.Processes;
using CtfService.Trials.Reports;

namespace CtfService.Trials.Cluster;

/// <summary>PostgreSQL, replicas of the service that share it, and gateways in front of them: all processes of their own on this machine.</summary>
internal sealed class ReplicaCluster : IAsyncDisposable
{
    private ReplicaCluster(PostgresServer? database, IReadOnlyList<ServiceInstance> replicas, IReadOnlyList<ServiceInstance> gateways) =>
        (Database, Replicas, Gateways) = (database, replicas, gateways);

    /// <summary>Null if the replicas share nothing.</summary>
    public PostgresServer? Database { get; }

    public IReadOnlyList<ServiceInstance> Replicas { get; }

    public IReadOnlyList<ServiceInstance> Gateways { get; }

    /// <summary>Returns the number of replicas that a gateway sends requests to.</summary>
    public static async Task<int> ReadyReplicasAsync(ServiceInstance gateway, CancellationToken cancellation)
    {
        using var response = await gateway.Client.GetAsync(new Uri("/health/ready", UriKind.Relative), cancellation);
        return (int)JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellation))!["replicas_ready"]!;
    }

    /// <summary>Starts all and returns when the gateways are ready.</summary>
    /// <param name="settings">Settings of each replica.</param>
    public static async Task<ReplicaCluster> StartAsync(
        ServiceBuild build, TrialFolder folder, ClusterSize size, IReadOnlyList<string> settings, CancellationToken cancellation)
    {
        var database = size.HasDatabase ? await PostgresServer.StartAsync(folder.Empty("postgres")) : null;
        string[] storage = database is null
            ? ["--Jobs:Enabled=false"]
            : [$"--Storage:Folder={folder.Empty("shared")}", $"--Storage:ConnectionString={database.ConnectionString}"];
        var replicas = Named("replica", size.Replicas, name => new ServiceInstance(build, name, folder.File("logs"), [.. storage, .. settings])
        {
            Processors = size.Processors,
        });
        var addresses = replicas.Select((replica, i) => $"--Gateway:Replicas:{i}=http://127.0.0.1:{replica.Port}").ToList();
        var gateways = Named("gateway", size.Gateways, name => new ServiceInstance(ServiceBuild.OfGateway(), name, folder.File("logs"), addresses));
        var cluster = new ReplicaCluster(database, replicas, gateways);
        try
        {
            TrialReport.Progress($"starting {size.Replicas} replicas, {size.Gateways} gateways{(size.HasDatabase ? " and PostgreSQL" : "")}");
            await Task.WhenAll(replicas.Select(replica => replica.StartReadyAsync(cancellation)));
            await Task.WhenAll(gateways.Select(gateway => gateway.StartReadyAsync(cancellation)));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in Gateways.Concat(Replicas))
        {
            process.Dispose();
        }

        if (Database is not null)
        {
            await Database.DisposeAsync();
        }
    }

    private static List<ServiceInstance> Named(string name, int count, Func<string, ServiceInstance> create) =>
        [.. Enumerable.Range(1, count).Select(number => create($"{name}-{number}"))];
}

/// <param name="Processors">Processors that each replica sees, and so its threads; null for all.</param>
/// <param name="HasDatabase">Whether the replicas share jobs, answers, keys and counters through PostgreSQL.</param>
internal sealed record ClusterSize(int Replicas, int Gateways, int? Processors, bool HasDatabase);
