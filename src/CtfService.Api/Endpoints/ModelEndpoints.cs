using System.ComponentModel;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Validation;
using CtfService.Inference.Status;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CtfService.Api.Endpoints;

/// <summary>Describes the loaded model, in the shape of OpenAI's Models API.</summary>
internal static class ModelEndpoints
{
    public static void MapModelEndpoints(this IEndpointRouteBuilder routes)
    {
        var models = routes.MapGroup("/v1/models").WithTags("Models");
        models.MapGet("", List)
            .WithName("ListModels")
            .WithSummary("List the loaded model")
            .WithDescription(
                "One model serves at a time. Returns its name and aliases, the size of its images, and its sampling defaults.")
            .ProducesErrors(503);
        models.MapGet("{id}", Get)
            .WithName("GetModel")
            .WithSummary("Describe the loaded model")
            .WithDescription("Returns the model with this name or alias, as in the list.")
            .ProducesErrors(404, 503);
    }

    private static Ok<ModelListResponse> List(IModelStatus status, ModelNames names) =>
        TypedResults.Ok(new ModelListResponse("list", [ModelResponse.From(status.RequireReady(), names.Aliases)]));

    private static Results<Ok<ModelResponse>, JsonHttpResult<ErrorResponse>> Get(
        IModelStatus status, ModelNames names, [Description("Name or alias of the model.")] string id)
    {
        var ready = status.RequireReady();
        var model = ready.Model;
        if (names.Mean(model, id))
        {
            return TypedResults.Ok(ModelResponse.From(ready, names.Aliases));
        }

        var error = ModelNames.NotLoaded(id, names.Describe(model));
        return TypedResults.Json(error.ToResponse(), statusCode: error.Status);
    }
}
