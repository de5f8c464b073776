using Xunit.Abstractions;

namespace CtfService.EndToEnd.Tests.Gateway;

/// <summary>Real replicas behind the real gateway: the same images, and no request lost when replicas die or are updated.</summary>
[Collection(GatewayCluster.Name)]
public sealed class GatewayClusterTests(GatewayCluster cluster, ITestOutputHelper output)
{
    private const int Clients = 4;

    [Fact]
    public async Task Images_ThroughTheGateway_AreThoseOfAReplicaAskedDirectly()
    {
        using var load = await ClusterLoad.CreateAsync(cluster.Replicas[0], cluster.Gateway);

        for (var seed = 0; seed < 8; seed++) // the replicas take turns
        {
            Assert.Equal("right", await load.AskAsync(seed));
        }
    }

    [Fact]
    public async Task Replicas_KilledUnderLoad_LoseNoRequest()
    {
        using var load = await ClusterLoad.CreateAsync(cluster.Replicas[0], cluster.Gateway);

        await load.RunAsync(Clients, async () =>
        {
            await cluster.Replicas[1].KillAsync();
            await cluster.Gateway.WaitForReplicasAsync(2);
            await load.WaitForAnswersAsync(3 * Clients); // no request meets both kills
            await cluster.Replicas[2].KillAsync();
            await cluster.Gateway.WaitForReplicasAsync(1);
            await Task.WhenAll(cluster.Replicas[1].StartAsync(), cluster.Replicas[2].StartAsync());
            await cluster.Gateway.WaitForReplicasAsync(3);
        });

        output.WriteLine($"{load}");
        Assert.Equal(["right"], load.Ends.Keys);
    }

    [Fact]
    public async Task Replicas_RestartedInTurnUnderLoad_FailNoRequest()
    {
        using var load = await ClusterLoad.CreateAsync(cluster.Replicas[0], cluster.Gateway);

        await load.RunAsync(Clients, async () =>
        {
            foreach (var replica in cluster.Replicas)
            {
                Assert.Equal(0, await replica.StopAsync());
                await cluster.Gateway.WaitForReplicasAsync(2);
                await replica.StartAsync();
                await cluster.Gateway.WaitForReplicasAsync(3);
            }
        });

        output.WriteLine($"{load}");
        Assert.Equal(["right"], load.Ends.Keys);
    }
}
