using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Models;
using CtfService.Api.Security;
using CtfService.Api.Validation;
using CtfService.Inference.Routing;
using CtfService.Inference.Status;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CtfService.Api.Endpoints;

/// <summary>For operators: list the bundles and models, and switch to another model.</summary>
internal static class AdminEndpoints
{
    public static void MapAdminEndpoints(this IEndpointRouteBuilder routes)
    {
        var models = routes.MapGroup("/v1/admin/models").WithTags("Operators").RequireAuthorization(Policies.Admin);
        models.MapGet("", List)
            .WithName("ListBundles")
            .WithSummary("List the bundles on disk and the models in memory")
            .WithDescription(
                "Checks the manifest of each bundle, and the presence, length and header of its weight files. Loading a bundle also compares the hashes.")
            .ProducesErrors(403);
        models.MapPost("", Switch)
            .WithName("SwitchModel")
            .WithSummary("Switch to another model")
            .WithDescription(
                "Loads the bundle alongside the current model, draws one image with it, and then routes every new request to it. "
                + "Admitted requests finish on the previous model, which is then freed. No request fails, and no response mixes two models. "
                + "If the bundle cannot be loaded, nothing changes: a model that serves keeps serving. To switch back, send the name of the previous bundle. "
                + "The response is sent when the switch is complete. If the caller disconnects, the switch continues, and GET reports its result. "
                + "A restart loads Model:Bundle.")
            .ProducesErrors(400, 403, 409, 413, 415, 422, 500, 503);
    }

    private static Ok<BundleListResponse> List(BundleLibrary library, IModelRouter router) => TypedResults.Ok(new BundleListResponse(
        "list",
        [.. library.List().Select(bundle => new BundleEntry(bundle.Name, bundle.Model?.Name, bundle.Model?.BundleHash, bundle.Problem))],
        [.. router.Instances.Select(Describe)],
        router.LastSwitch is { } last ? new LastSwitchEntry(last.Bundle, last.EndedAt.ToUnixTimeSeconds(), last.Failure) : null));

    private static async Task<Ok<ModelSwitchResponse>> Switch(
        SwitchModelRequest body, BundleLibrary library, IModelRouter router, ModelNames names, CancellationToken hangUp)
    {
        var made = await router.SwitchAsync(library.Find(body.Bundle)).WaitAsync(hangUp);
        return TypedResults.Ok(new ModelSwitchResponse(
            "model_switch",
            made.Bundle,
            ModelResponse.From(made.Current, names.Aliases),
            made.Replaced is { } replaced ? new ReplacedModelEntry(replaced.Bundle, replaced.Model.Name, replaced.Model.BundleHash) : null,
            new SwitchTimings(Milliseconds(made.Times.Loading), Milliseconds(made.Times.WarmUp), Milliseconds(made.Total))));
    }

    private static ModelInstanceEntry Describe(InstanceReport instance) => instance.Status switch
    {
        ModelStatus.Ready { Model: var model } => new ModelInstanceEntry(
            instance.Bundle, instance.IsDraining ? "draining" : "active", model.Name, model.BundleHash, Reason: null),
        ModelStatus.Failing failing => new ModelInstanceEntry(
            instance.Bundle, instance.IsDraining ? "draining" : "active", failing.Model.Model.Name, failing.Model.Model.BundleHash, failing.Reason),
        ModelStatus.Loading => new ModelInstanceEntry(instance.Bundle, "loading", Id: null, BundleHash: null, Reason: null),
        ModelStatus.Failed failed => new ModelInstanceEntry(instance.Bundle, "failed", Id: null, BundleHash: null, failed.Reason),
        ModelStatus.Crashed crashed => new ModelInstanceEntry(instance.Bundle, "crashed", Id: null, BundleHash: null, crashed.Reason),
        ModelStatus.Stopping => new ModelInstanceEntry(instance.Bundle, "stopping", Id: null, BundleHash: null, Reason: null),
        _ => throw new InvalidOperationException($"Unknown model status {instance.Status}."),
    };

    private static double Milliseconds(TimeSpan time) => Math.Round(time.TotalMilliseconds, 3);
}
