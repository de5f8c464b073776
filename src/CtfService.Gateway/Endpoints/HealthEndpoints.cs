using System.Text.Json.Serialization;
using CtfService.Gateway.Replicas;

namespace CtfService.Gateway.Endpoints;

/// <summary>Probes of the gateway itself. Live: the process works. Ready: at least one replica is ready, and the gateway is not stopping.</summary>
internal static class HealthEndpoints
{
    public static void MapHealthEndpoints(this WebApplication app)
    {
        app.MapGet("/health/live", () => Results.Json(new LiveResponse("live")));
        app.MapGet("/health/startup", () => Results.Json(new LiveResponse("live")));
        app.MapGet("/health/ready", (ReplicaPool pool, IHostApplicationLifetime host) =>
        {
            var (ready, away) = pool.Counts();
            var status = host.ApplicationStopping.IsCancellationRequested ? "stopping" : ready > 0 ? "ready" : "no_replica";
            return Results.Json(
                new ReadyResponse(status, ready, ready + away),
                statusCode: status == "ready" ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
        });
    }

    private sealed record LiveResponse(string Status);

    private sealed record ReadyResponse(string Status, [property: JsonPropertyName("replicas_ready")] int Ready, int Replicas);
}
