using System.ComponentModel;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Models;
using CtfService.Inference.Status;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CtfService.Api.Endpoints;

/// <summary>The loaded model, in the shape of OpenAI's Models API.</summary>
internal static class ModelEndpoints
{
    public static void MapModelEndpoints(this IEndpointRouteBuilder routes)
    {
        var models = routes.MapGroup("/v1/models").WithTags("Models");
        models.MapGet("", List)
            .WithName("ListModels")
            .WithSummary("List the loaded model")
            .WithDescription(
                "One model is loaded at a time. Says its name and aliases, the size of its images, and the sampling that a request gets if it does not say.")
            .ProducesErrors(503);
        models.MapGet("{id}", Get)
            .WithName("GetModel")
            .WithSummary("Describe the loaded model")
            .WithDescription("The same as in the list, by the model's name or an alias of it.")
            .ProducesErrors(404, 503);
    }

    private static Ok<ModelListResponse> List(IModelStatus status, ModelNames names) =>
        TypedResults.Ok(new ModelListResponse("list", [ModelResponse.From(status.RequireReady(), names.Aliases)]));

    private static Results<Ok<ModelResponse>, JsonHttpResult<ErrorResponse>> Get(
        IModelStatus status, ModelNames names, [Description("Name of the model, or an alias of it.")] string id)
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
