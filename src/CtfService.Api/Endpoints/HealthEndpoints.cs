using CtfService.Api.Contracts;
using CtfService.Api.Security;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CtfService.Api.Endpoints;

/// <summary>
/// Probes for orchestrators. Live: a restart would not help. Ready: requests are taken and worked off. Startup: loading has ended well.
/// </summary>
internal static class HealthEndpoints
{
    public static void MapHealthEndpoints(this IEndpointRouteBuilder routes)
    {
        var health = routes.MapGroup("/health").WithTags("Health");
        health.MapGet("live", Live)
            .WithName("Live")
            .WithSummary("Whether the process works")
            .WithDescription(
                "503 only where the generation worker has died, or has not ended a step for four times the limit of ready. "
                + "A model that cannot be loaded is not ready, but live: a restart would change nothing.")
            .ProducesProbe();
        health.MapGet("ready", Ready)
            .WithName("Ready")
            .WithSummary("Whether requests are taken")
            .WithDescription(
                "200 once the warm-up batch has succeeded; 503 with the reason while loading, after a failed load, while stopping, "
                + "and while images wait or run but no step ends (Inference:StallTimeout).")
            .ProducesProbe();
        health.MapGet("startup", Startup)
            .WithName("Startup")
            .WithSummary("Whether the model has been loaded")
            .WithDescription("503 until the model has been loaded and has drawn its first image; from then on 200.")
            .ProducesProbe();
    }

    private static JsonHttpResult<HealthResponse> Live(IModelStatus status, IStallWatch watch, HttpContext http) => (status.Current, watch.Check()) switch
    {
        (ModelStatus.Crashed crashed, _) => Answer(crashed, http, isWell: false),
        (_, { IsStuck: true } progress) => Stalled(status.Current, progress),
        _ => TypedResults.Json(new HealthResponse("live", Model: null, Reason: null)),
    };

    private static JsonHttpResult<HealthResponse> Ready(IModelStatus status, IStallWatch watch, HttpContext http) => (status.Current, watch.Check()) switch
    {
        (ModelStatus.Ready ready, { IsStalled: true } progress) => Stalled(ready, progress),
        var (current, _) => Answer(current, http, current is ModelStatus.Ready),
    };

    private static JsonHttpResult<HealthResponse> Startup(IModelStatus status, HttpContext http)
    {
        var current = status.Current;
        return Answer(current, http, current is ModelStatus.Ready or ModelStatus.Failing or ModelStatus.Stopping);
    }

    private static JsonHttpResult<HealthResponse> Stalled(ModelStatus status, Progress progress) => TypedResults.Json(
        new HealthResponse(
            "stalled",
            (status as ModelStatus.Ready)?.Model.Name,
            $"Images wait or run, and no step has ended for {progress.StalledFor.TotalSeconds:0} s; "
            + $"{progress.Limit.TotalSeconds:0} s are the limit (Inference:StallTimeout)."),
        statusCode: StatusCodes.Status503ServiceUnavailable);

    /// <summary>Probes need no key, so only an operator's key shows a reason that may name folders of the machine.</summary>
    private static JsonHttpResult<HealthResponse> Answer(ModelStatus status, HttpContext http, bool isWell)
    {
        var isOperator = http.User.IsInRole(Policies.Admin);
        var response = status switch
        {
            ModelStatus.Ready ready => new HealthResponse("ready", ready.Model.Name, Reason: null),
            ModelStatus.Failing failing => new HealthResponse("failing", failing.Model.Model.Name, failing.Reason),
            ModelStatus.Loading => new HealthResponse("loading", Model: null, "The model is being loaded and warmed up."),
            ModelStatus.Failed failed => new HealthResponse("failed", Model: null, isOperator ? failed.Reason : ModelStatus.Failed.PublicReason),
            ModelStatus.Stopping => new HealthResponse("stopping", Model: null, "The service is shutting down."),
            ModelStatus.Crashed crashed => new HealthResponse("crashed", Model: null, isOperator ? crashed.Reason : ModelStatus.Crashed.PublicReason),
            _ => throw new InvalidOperationException($"Unknown model status {status}."),
        };
        return TypedResults.Json(isWell ? response with { Reason = null } : response, statusCode: isWell ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private static void ProducesProbe(this RouteHandlerBuilder route) =>
        route.Produces<HealthResponse>(StatusCodes.Status200OK).Produces<HealthResponse>(StatusCodes.Status503ServiceUnavailable);
}
