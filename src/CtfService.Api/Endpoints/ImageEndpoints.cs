using CtfService.Api.Bodies;
using CtfService.Api.Configuration;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Idempotency;
using CtfService.Api.Responses;
using CtfService.Api.Validation;
using CtfService.Inference.Routing;

namespace CtfService.Api.Endpoints;

/// <summary>Generates images, in the shape of OpenAI's Images API.</summary>
internal static class ImageEndpoints
{
    private const string Bodies =
        "Returns JSON with base64 image files. If the Accept header names image/png, image/jpeg, image/webp or image/*, the body is the image file itself "
        + "(a contact sheet if n is above 1), with the headers X-Seed and X-Class-Label. "
        + "Every file contains its provenance. The response to a request with a seed has an ETag; send it in If-None-Match "
        + "to get 304 without generating the images again. ";

    private const string Deadline = " The header X-Request-Timeout (30, 2.5s or 1500ms; seconds if it has no unit) limits the time like timeout_ms.";

    public static IServiceCollection AddImageEndpoints(this IServiceCollection services) => services
        .AddSingleton<ModelNames>()
        .AddSingleton<ImageRequestChecks>()
        .AddSingleton<DrawImageRequestChecks>()
        .AddSingleton<GenerateImageRequestValidator>()
        .AddSingleton<EditImageRequestValidator>()
        .AddSingleton<RedetailImageRequestValidator>()
        .AddSingleton<VaryImageRequestValidator>()
        .AddSingleton<ImageEncoder>()
        .AddSingleton<ImageBodies>()
        .AddSingleton<ImageFileWriter>()
        .AddSingleton<ImageStreamWriter>()
        .AddSingleton<ImageResponder>();

    public static void MapImageEndpoints(this IEndpointRouteBuilder routes)
    {
        var images = routes.MapGroup(ImageRoutes.Group).WithTags("Images").AddEndpointFilter<RouteGroupBuilder, RefusalFilter>();
        images.MapPost(ImageRoutes.Generations, Generate)
            .WithName("GenerateImages")
            .WithSummary("Generate images of one class")
            .WithDescription(
                Bodies + "With stream: true, the response is a stream of server-sent events with up to three previews of each image. "
                + "The same model, parameters and seed give the same images." + Deadline)
            .Produces<ImagesResponse>(StatusCodes.Status200OK, MediaTypes.Json, "image/png", "image/jpeg", "image/webp", MediaTypes.EventStream)
            .Produces(StatusCodes.Status304NotModified)
            .WithIdempotency()
            .ProducesErrors(400, 403, 406, 408, 413, 415, 429, 500, 503, 504);
        images.MapPost(ImageRoutes.Redetail, Redetail)
            .WithName("RedetailImages")
            .WithSummary("Draw new details in a layout")
            .WithDescription(
                Bodies + "The layout is one that include: [\"layout\"] returned. The coarse stage does not run. "
                + "The class, seed and fine sampling of the returned image reproduce that image." + Deadline)
            .Produces<ImagesResponse>(StatusCodes.Status200OK, MediaTypes.Json, "image/png", "image/jpeg", "image/webp")
            .Produces(StatusCodes.Status304NotModified)
            .WithIdempotency()
            .ProducesErrors(400, 403, 406, 408, 413, 415, 429, 500, 503, 504);
        var limits = routes.ServiceProvider.GetRequiredService<LimitsOptions>();
        images.MapPost(ImageRoutes.Edits, Edit)
            .WithName("EditImage")
            .WithSummary("Draw a part of a picture anew and keep the rest")
            .WithDescription(
                Bodies + "The transparent pixels of the mask are drawn anew as a part of an image of the class; without a mask, the transparent pixels of the "
                + "picture are, such as a border around it. Picture and mask are scaled to cover the model's size. All other pixels stay as they are: "
                + "the seam between old and new lies inside the mask. With stream: true, the response is a stream of server-sent events." + Deadline)
            .Accepts<EditImageRequest>(MediaTypes.Form)
            .WithUpload(limits, files: 2)
            .Produces<ImagesResponse>(StatusCodes.Status200OK, MediaTypes.Json, "image/png", "image/jpeg", "image/webp", MediaTypes.EventStream)
            .Produces(StatusCodes.Status304NotModified)
            .WithIdempotency()
            .ProducesErrors(400, 403, 406, 408, 413, 415, 429, 500, 503, 504);
        images.MapPost(ImageRoutes.Variations, Vary)
            .WithName("VaryImage")
            .WithSummary("Draw new details in the layout of a picture")
            .WithDescription(
                Bodies + "The picture is scaled to cover the model's size and VQ encoded. The clusters of its tokens are the layout in which the fine stage "
                + "draws new details. Without class_label, the details depend on the layout alone." + Deadline)
            .Accepts<VaryImageRequest>(MediaTypes.Form)
            .WithUpload(limits)
            .Produces<ImagesResponse>(StatusCodes.Status200OK, MediaTypes.Json, "image/png", "image/jpeg", "image/webp")
            .Produces(StatusCodes.Status304NotModified)
            .WithIdempotency()
            .ProducesErrors(400, 403, 406, 408, 413, 415, 429, 500, 503, 504);
    }

    // The lease holds the model that a request is checked against, so that the request runs on it even if the service switches to another model.

    private static async Task<IResult> Generate(
        GenerateImageRequest body, IModelRouter router, GenerateImageRequestValidator validator, ImageResponder responder, HttpContext http)
    {
        using var lease = router.Lease();
        var request = validator.Validate(body, http.Request.Headers[CustomHeaders.RequestTimeout], lease.Model);
        return await responder.RespondAsync(request, lease, http);
    }

    private static async Task<IResult> Redetail(
        RedetailImageRequest body, IModelRouter router, RedetailImageRequestValidator validator, ImageResponder responder, HttpContext http)
    {
        using var lease = router.Lease();
        var request = validator.Validate(body, http.Request.Headers[CustomHeaders.RequestTimeout], lease.Model);
        return await responder.RespondAsync(request, lease, http);
    }

    private static async Task<IResult> Edit(
        UploadReader uploads, IModelRouter router, EditImageRequestValidator validator, ImageResponder responder, HttpContext http)
    {
        var form = await uploads.ReadAsync(http.Request, ImageForms.Edit); // before the lease, because an upload can take long
        using var lease = router.Lease();
        var request = await validator.ValidateAsync(form, http.Request.Headers[CustomHeaders.RequestTimeout], lease.Model, http.RequestAborted);
        Upload.Of(http)?.Dispose(); // decoded; frees the memory before the request waits in the queue
        return await responder.RespondAsync(request, lease, http);
    }

    private static async Task<IResult> Vary(
        UploadReader uploads, IModelRouter router, VaryImageRequestValidator validator, ImageResponder responder, HttpContext http)
    {
        var form = await uploads.ReadAsync(http.Request, ImageForms.Variation); // before the lease, because an upload can take long
        using var lease = router.Lease();
        var request = await validator.ValidateAsync(form, http.Request.Headers[CustomHeaders.RequestTimeout], lease.Model, http.RequestAborted);
        Upload.Of(http)?.Dispose(); // decoded; frees the memory before the request waits in the queue
        return await responder.RespondAsync(request, lease, http);
    }
}
