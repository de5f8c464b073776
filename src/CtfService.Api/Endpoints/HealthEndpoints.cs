using CtfService.Api.Contracts;
using CtfService.Api.Security;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CtfService.Api.Endpoints;

/// <summary>
/// Probes for orchestrators. Live: the process does not need a restart. Ready: requests are accepted and processed. Startup: the model has been loaded.
/// </summary>
internal static class HealthEndpoints
{
    public static void MapHealthEndpoints(this IEndpointRouteBuilder routes)
    {
        var health = routes.MapGroup("/health").WithTags("Health");
        health.MapGet("live", Live)
            .WithName("Live")
            .WithSummary("Check whether the process works")
            .WithDescription(
                "503 if the generation workers of all devices have crashed, "
                + "or if no step has completed for four times the limit of /health/ready. "
                + "If no device can load the model of the start, the process ends.")
            .ProducesProbe();
        health.MapGet("ready", Ready)
            .WithName("Ready")
            .WithSummary("Check whether requests are accepted")
            .WithDescription(
                "200 after the first requests of the service itself have been answered, while at least one device serves. "
                + "503 with a reason while the model is loading, after a failed load, during shutdown, "
                + "and if images wait or run but no step has completed for Inference:StallTimeout (longer for a slow model).")
            .ProducesProbe();
        health.MapGet("startup", Startup)
            .WithName("Startup")
            .WithSummary("Check whether the model has been loaded")
            .WithDescription("503 until the model has been loaded and the service has answered its own first requests, then 200.")
            .ProducesProbe();
    }

    private static JsonHttpResult<HealthResponse> Live(IModelStatus status, IStallWatch watch, HttpContext http) => (status.Current, watch.Check()) switch
    {
        (ModelStatus.Crashed crashed, _) => Respond(crashed, http, isHealthy: false),
        (_, { IsStuck: true } progress) => Stalled(status.Current, progress),
        _ => TypedResults.Json(new HealthResponse("live", Model: null, Reason: null)),
    };

    private static JsonHttpResult<HealthResponse> Ready(IModelStatus status, IStallWatch watch, HttpContext http) => (status.Current, watch.Check()) switch
    {
        (ModelStatus.Ready ready, { IsStalled: true } progress) => Stalled(ready, progress),
        var (current, _) => Respond(current, http, current is ModelStatus.Ready, Several(status.Devices, http)),
    };

    private static JsonHttpResult<HealthResponse> Startup(IModelStatus status, HttpContext http)
    {
        var current = status.Current;
        return Respond(current, http, current is ModelStatus.Ready or ModelStatus.Failing or ModelStatus.Stopping);
    }

    private static JsonHttpResult<HealthResponse> Stalled(ModelStatus status, Progress progress) => TypedResults.Json(
        new HealthResponse(
            "stalled",
            (status as ModelStatus.Ready)?.Model.Name,
            $"Images wait or run, but no step has completed for {progress.StalledFor.TotalSeconds:0} s; "
            + $"the limit is {progress.Limit.TotalSeconds:0} s (Inference:StallTimeout)."),
        statusCode: StatusCodes.Status503ServiceUnavailable);

    private static JsonHttpResult<HealthResponse> Respond(ModelStatus status, HttpContext http, bool isHealthy, IReadOnlyList<DeviceEntry>? devices = null)
    {
        var response = Describe(status, http.User.IsInRole(Policies.Admin)) with { Devices = devices };
        return isHealthy
            ? TypedResults.Json(response with { Reason = null }, statusCode: StatusCodes.Status200OK)
            : TypedResults.Json(response, statusCode: StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>Describes the status of the model.</summary>
    /// <param name="isOperator">Whether the reason may contain paths of the machine.</param>
    public static HealthResponse Describe(ModelStatus status, bool isOperator) => status switch
    {
        ModelStatus.Ready ready => new HealthResponse("ready", ready.Model.Name, Reason: null),
        ModelStatus.Failing failing => new HealthResponse("failing", failing.Model.Model.Name, failing.Reason),
        ModelStatus.Loading => new HealthResponse("loading", Model: null, "The model is loading and warming up."),
        ModelStatus.Failed failed => new HealthResponse("failed", Model: null, isOperator ? failed.Reason : ModelStatus.Failed.PublicReason),
        ModelStatus.Stopping => new HealthResponse("stopping", Model: null, "The service is shutting down."),
        ModelStatus.Crashed crashed => new HealthResponse("crashed", Model: null, isOperator ? crashed.Reason : ModelStatus.Crashed.PublicReason),
        _ => throw new InvalidOperationException($"Unknown model status {status}."),
    };

    /// <summary>Describes the devices.</summary>
    /// <param name="isOperator">Whether the reason of a failure may be shown.</param>
    public static List<DeviceEntry> Describe(IReadOnlyList<DeviceReport> devices, bool isOperator) =>
        [.. devices.Select(device => new DeviceEntry(device.Name, device.Status.ToString().ToLowerInvariant(), isOperator ? device.Reason : null))];

    /// <summary>Probes list devices only if there are several.</summary>
    private static List<DeviceEntry>? Several(IReadOnlyList<DeviceReport> devices, HttpContext http) =>
        devices.Count < 2 ? null : Describe(devices, http.User.IsInRole(Policies.Admin));

    private static void ProducesProbe(this RouteHandlerBuilder route) =>
        route.Produces<HealthResponse>(StatusCodes.Status200OK).Produces<HealthResponse>(StatusCodes.Status503ServiceUnavailable);
}
