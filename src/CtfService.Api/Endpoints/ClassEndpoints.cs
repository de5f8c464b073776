using System.ComponentModel;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Responses;
using CtfService.Api.Validation;
using CtfService.Inference.Routing;
using CtfService.Inference.Status;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CtfService.Api.Endpoints;

/// <summary>The classes that the loaded model can draw.</summary>
internal static class ClassEndpoints
{
    public static void MapClassEndpoints(this IEndpointRouteBuilder routes)
    {
        var classes = routes.MapGroup("").WithTags("Classes").AddEndpointFilter<RouteGroupBuilder, RefusalFilter>();
        classes.MapGet(ClassRoutes.Group, List)
            .WithName("ListClasses")
            .WithSummary("List or search the classes of the model")
            .WithDescription("Returns every class, or with q the classes whose names contain it. Case, spaces, hyphens and underscores do not matter.")
            .ProducesErrors(503);
        classes.MapGet(ClassRoutes.Image, Image)
            .WithName("GetClassImage")
            .WithSummary("See an image of a class")
            .WithDescription(
                "Draws one image of the class with the model's defaults; the same seed always gives the same image. The body is a WebP file, or the PNG or "
                + "JPEG file that the Accept header prefers. Send its ETag in If-None-Match, as browsers do, to get 304 without drawing. "
                + "Has the priority batch, so that a page full of classes delays no other image.")
            .Produces<Stream>(StatusCodes.Status200OK, "image/webp", "image/png", "image/jpeg")
            .Produces(StatusCodes.Status304NotModified)
            .ProducesErrors(400, 404, 406, 429, 500, 503, 504);
    }

    private static Ok<ClassListResponse> List(IModelStatus status, [Description("Part of a class name, or a WordNet id.")] string? q = null)
    {
        var found = status.RequireReady().Model.Classes.Search(q ?? "");
        return TypedResults.Ok(new ClassListResponse("list", [.. found.Select(label => new ClassEntry(label.Id, label.Name, label.WordNetId))]));
    }

    private static async Task<IResult> Image(
        IModelRouter router,
        GenerateImageRequestValidator validator,
        ImageResponder responder,
        HttpContext http,
        [Description("Name or index of the class.")] string @class,
        [Description("Seed of the image, 0 if absent.")] ulong? seed = null)
    {
        using var lease = router.Lease();
        if (@class.Length > ClassReference.MaxNameLength || lease.Model.Classes.Find(@class) is null)
        {
            throw new RequestRefusedException(ClassChoice.NotFound(@class, lease.Model.Classes));
        }

        var asked = new GenerateImageRequest { ClassLabel = new ClassReference(@class, Id: null), Seed = seed ?? 0, Priority = ImagePriorities.Batch };
        var request = validator.Validate(asked, http.Request.Headers[CustomHeaders.RequestTimeout], lease.Model) with { IsFile = true };
        return await responder.RespondAsync(request, lease, http);
    }
}
