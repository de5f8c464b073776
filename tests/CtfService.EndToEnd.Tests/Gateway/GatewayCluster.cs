using System.Collections.Immutable;

namespace CtfService.EndToEnd.Tests.Gateway;

/// <summary>Three replicas with the shipped model and the gateway, each a process of its own. Tests that use it do not run in parallel.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class GatewayCluster : ICollectionFixture<GatewayCluster>, IAsyncLifetime
{
    public const string Name = "gateway";

    private const int Count = 3;

    internal ImmutableArray<ClusterProcess> Replicas { get; } =
        [.. Enumerable.Range(0, Count).Select(_ => new ClusterProcess("CtfService.Api", "--Jobs:Enabled=false", "--Model:Device=cpu"))];

    internal ClusterProcess Gateway { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Gateway = new ClusterProcess(
            "CtfService.Gateway", ["--Gateway:HealthInterval=00:00:00.2", .. Replicas.Select((replica, i) => $"--Gateway:Replicas:{i}={replica.Address}")]);
        await Task.WhenAll(Replicas.Select(replica => replica.StartAsync()));
        await Gateway.StartAsync();
        await Gateway.WaitForReplicasAsync(Count);
    }

    public Task DisposeAsync()
    {
        Gateway.Dispose();
        foreach (var replica in Replicas)
        {
            replica.Dispose();
        }

        return Task.CompletedTask;
    }
}
