using CtfService.Api.Configuration;
using CtfService.Api.Contracts;
using CtfService.Api.Security;
using CtfService.Inference.Status;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CtfService.Api.Endpoints;

/// <summary>Tells callers what the service is doing, for pages and programs that show it.</summary>
internal static class StatusEndpoints
{
    public static void MapStatusEndpoints(this IEndpointRouteBuilder routes) => routes.MapGet("/v1/status", Get)
        .WithName("GetStatus")
        .WithTags("Models")
        .WithSummary("See the model, the devices and the queue")
        .WithDescription(
            "Returns how many images wait and run, how long a further image would wait, which devices serve, and the limits of requests. "
            + "200 even if the service accepts no images; then status and reason tell why. Behind a gateway, one of the replicas answers.");

    private static Ok<StatusResponse> Get(IModelStatus status, LimitsOptions limits, HttpContext http)
    {
        var isOperator = http.User.IsInRole(Policies.Admin);
        var health = HealthEndpoints.Describe(status.Current, isOperator);
        var queue = status.Queue;
        return TypedResults.Ok(new StatusResponse(
            "status",
            health.Status,
            health.Model,
            health.Reason,
            HealthEndpoints.Describe(status.Devices, isOperator),
            new QueueEntry(queue.Waiting, queue.Running, queue.Capacity, Math.Round(queue.Wait.TotalSeconds, 3)),
            new RequestLimits(
                limits.MaxImagesPerRequest, limits.MaxGuidanceScale, limits.MaxTemperature, limits.MaxUploadBytes, limits.MaxUploadPixels)));
    }
}
