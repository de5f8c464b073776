using CtfService.Api.Contracts;
using CtfService.Api.Negotiation;
using CtfService.Api.Validation;
using CtfService.Core.Imaging;
using CtfService.Inference.Queue;
using CtfService.Model.Imaging;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CtfService.Api.Endpoints;

/// <summary>Makes the answer out of finished images. Encodes on the request's thread: the worker has better things to do.</summary>
internal sealed partial class ImageResponder(TimeProvider clock, ILogger<ImageResponder> logger)
{
    /// <summary>The request's seed repeats the whole sheet; image files have no place for it, headers do.</summary>
    private const string SeedHeader = "X-Seed";

    private const string ClassHeader = "X-Class-Label";

    /// <summary>Every image as a file inside JSON.</summary>
    public Ok<ImagesResponse> Json(GenerationRequest request, IReadOnlyList<InferenceResult> results, ImageFormat format)
    {
        var started = clock.GetTimestamp();
        ImageEntry[] entries = [.. results.Select(result => new ImageEntry(
            ImageCodec.Encode(result.Image.Image, format, request.Quality),
            result.Image.Specification.Seed,
            request.Class.Id,
            request.Class.Name))];
        var encoding = clock.GetElapsedTime(started);
        Log.Answered(logger, results.Count, request.Class.Name, request.Seed, results.Max(result => result.QueueTime));
        var tokens = results.Count * request.Model.TokenCount;
        return TypedResults.Ok(new ImagesResponse(
            clock.GetUtcNow().ToUnixTimeSeconds(),
            request.Model.Name,
            entries,
            ImageFormats.Name(format),
            $"{request.Model.ImageWidth}x{request.Model.ImageHeight}",
            new ImageUsage(InputTokens: 1, tokens, 1 + tokens),
            Timings(results, encoding)));
    }

    /// <summary>One image as it is, several on a contact sheet.</summary>
    public FileContentHttpResult File(HttpResponse response, GenerationRequest request, IReadOnlyList<InferenceResult> results, ImageFormat format)
    {
        RgbImage[] images = [.. results.Select(result => result.Image.Image)];
        var picture = images.Length == 1 ? images[0] : ContactSheet.Compose(images, ContactSheet.Columns(images.Length));
        Log.Answered(logger, results.Count, request.Class.Name, request.Seed, results.Max(result => result.QueueTime));
        response.Headers[SeedHeader] = $"{request.Seed}";
        response.Headers[ClassHeader] = HeaderText(request.Class.Name);
        return TypedResults.File(ImageCodec.Encode(picture, format, request.Quality), ImageFormats.MediaType(format));
    }

    private static ImageTimings Timings(IReadOnlyList<InferenceResult> results, TimeSpan encoding) => new(
        Milliseconds(results.Max(result => result.QueueTime)),
        Milliseconds(results.Max(result => result.Image.Timings.Coarse)),
        Milliseconds(results.Max(result => result.Image.Timings.Fine)),
        Milliseconds(results.Max(result => result.Image.Timings.VqDecode)),
        Milliseconds(encoding));

    /// <summary>Microseconds are the finest that means anything here.</summary>
    private static double Milliseconds(TimeSpan time) => Math.Round(time.TotalMilliseconds, 3);

    /// <summary>Headers carry printable ASCII only; other names are percent-encoded.</summary>
    private static string HeaderText(string name) => name.All(letter => letter is >= ' ' and <= '~') ? name : Uri.EscapeDataString(name);
}
