using CtfService.Api.Contracts;
using CtfService.Api.Description;
using CtfService.Api.Errors;
using CtfService.Api.Negotiation;
using CtfService.Api.Validation;
using CtfService.Inference;
using CtfService.Inference.Queue;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CtfService.Api.Endpoints;

/// <summary>Images on request, in the shape of OpenAI's Images API.</summary>
internal static class ImageEndpoints
{
    public static IServiceCollection AddImageEndpoints(this IServiceCollection services) => services
        .AddSingleton<GenerateImageRequestValidator>()
        .AddSingleton<ImageResponder>();

    public static void MapImageEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/images/generations", Generate)
            .WithName("GenerateImages")
            .WithTags("Images")
            .WithSummary("Generate images of one class")
            .WithDescription(
                "Answers JSON with base64 image files. With an Accept header that names image/png, image/jpeg, image/webp or image/* the body is the image itself "
                + "(n above 1: a contact sheet), and the headers X-Seed and X-Class-Label say what it is. The same model, parameters and seed give the same images.")
            .Produces<ImagesResponse>(StatusCodes.Status200OK, "application/json", "image/png", "image/jpeg", "image/webp")
            .ProducesErrors(400, 406, 413, 415, 429, 500, 503, 504);
    }

    private static async Task<Results<Ok<ImagesResponse>, FileContentHttpResult, JsonHttpResult<ErrorResponse>>> Generate(
        GenerateImageRequest body,
        GenerateImageRequestValidator validator,
        IInferenceQueue queue,
        ImageResponder responder,
        InferenceOptions options,
        HttpContext http)
    {
        if (!validator.TryValidate(body, out var request, out var faults))
        {
            return Refuse(ApiError.Invalid(faults));
        }

        if (Representation.Choose(http.Request.Headers.Accept, request.AskedFormat) is not { } representation)
        {
            return Refuse(NotAcceptable(request));
        }

        var results = await queue.GenerateAsync(new InferenceOrder(request.Images, RequestDeadline.Of(options)), http.RequestAborted);
        return representation.IsJson
            ? responder.Json(request, results, representation.Format)
            : responder.File(http.Response, request, results, representation.Format);
    }

    private static ApiError NotAcceptable(GenerationRequest request)
    {
        var images = request.AskedFormat is { } asked ? $"{ImageFormats.MediaType(asked)} (from output_format)" : string.Join(", ", ImageFormats.All.Select(ImageFormats.MediaType));
        return new ApiError(StatusCodes.Status406NotAcceptable, $"The Accept header takes none of application/json, {images}. Name one of them or leave the header out.", "not_acceptable");
    }

    private static JsonHttpResult<ErrorResponse> Refuse(ApiError error) => TypedResults.Json(error.ToResponse(), statusCode: error.Status);
}
