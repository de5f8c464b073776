using System.ComponentModel;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Inference.Status;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CtfService.Api.Endpoints;

/// <summary>The classes that the loaded model can draw.</summary>
internal static class ClassEndpoints
{
    public static void MapClassEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/classes", List)
            .WithName("ListClasses")
            .WithTags("Classes")
            .WithSummary("List or search the classes of the model")
            .WithDescription("Returns every class, or with q the classes whose names contain it. Case, spaces, hyphens and underscores do not matter.")
            .ProducesErrors(503);
    }

    private static Ok<ClassListResponse> List(IModelStatus status, [Description("Part of a class name, or a WordNet id.")] string? q = null)
    {
        var found = status.RequireReady().Model.Classes.Search(q ?? "");
        return TypedResults.Ok(new ClassListResponse("list", [.. found.Select(label => new ClassEntry(label.Id, label.Name, label.WordNetId))]));
    }
}
