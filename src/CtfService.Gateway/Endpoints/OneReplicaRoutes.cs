using CtfService.Gateway.Errors;
using CtfService.Gateway.Forwarding;
using CtfService.Gateway.Replicas;

namespace CtfService.Gateway.Endpoints;

/// <summary>Routes that change the one replica that answers them. Behind several replicas they would change any one, so they are refused.</summary>
internal static class OneReplicaRoutes
{
    public static void MapRoutesOfOneReplica(this WebApplication app) => app.MapPost("/v1/admin/models", SwitchAsync);

    private static Task SwitchAsync(HttpContext context, ReplicaPool pool, Forwarder forwarder) =>
        pool.All.Count > 1 ? GatewayErrors.OneReplica.WriteAsync(context) : forwarder.ForwardAsync(context);
}
