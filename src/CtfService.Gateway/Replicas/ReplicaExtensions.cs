using System.Net;
using CtfService.Gateway.Configuration;
using CtfService.Gateway.Telemetry;

namespace CtfService.Gateway.Replicas;

/// <summary>Registers the replicas and what watches them.</summary>
internal static class ReplicaExtensions
{
    public static void AddReplicas(this IServiceCollection services)
    {
        services.AddSingleton(provider =>
        {
            var pool = new ReplicaPool();
            provider.GetRequiredService<GatewayMetrics>().Observe(pool.Counts);
            return pool;
        });
        services.AddSingleton(provider => new ReplicaAddresses(provider.GetRequiredService<GatewayOptions>(), Dns.GetHostAddressesAsync));
        services.AddSingleton<ReplicaClient>();
        services.AddSingleton<ReplicaProbe>();
        services.AddHostedService<ReplicaWatch>();
    }
}
