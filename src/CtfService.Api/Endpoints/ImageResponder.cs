using CtfService.Api.Contracts;
using CtfService.Api.Negotiation;
using CtfService.Api.Validation;
using CtfService.Core.Generation;
using CtfService.Core.Imaging;
using CtfService.Inference.Queue;
using CtfService.Model.Imaging;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CtfService.Api.Endpoints;

/// <summary>Makes the answer out of finished images. Encodes on the request's thread: the worker has better things to do.</summary>
internal sealed partial class ImageResponder(TimeProvider clock, ILogger<ImageResponder> logger)
{
    /// <summary>The request's seed, which repeats the whole sheet.</summary>
    private const string SeedHeader = "X-Seed";

    private const string ClassHeader = "X-Class-Label";

    /// <summary>Every image as a file inside JSON.</summary>
    public Ok<ImagesResponse> Json(GenerationRequest request, IReadOnlyList<InferenceResult> results, ImageFormat format)
    {
        var started = clock.GetTimestamp();
        ImageEntry[] entries = [.. results.Select(result => new ImageEntry(
            ImageFile.Encode(result.Image.Image, ImageProvenance.Of(request.Model, result.Image.Specification), format, request.Quality),
            result.Image.Specification.Seed,
            request.Class?.Id,
            request.Class?.Name,
            request.Include.Layout ? result.Image.CoarseLabels : null,
            request.Include.Tokens ? result.Image.Tokens : null))];
        var encoding = clock.GetElapsedTime(started);
        LogAnswered(request, results);
        return TypedResults.Ok(new ImagesResponse(
            Now(), request.Model.Name, entries, ImageFormats.Name(format), Size(request), Usage(request, results.Count), Timings(results, encoding)));
    }

    /// <summary>A preview as an event.</summary>
    public PartialImageEvent Partial(GenerationRequest request, InferenceEvent.Previewed seen, ImageFormat format) => new(
        PartialImageEvent.Name,
        ImageFile.Encode(seen.Preview.Image, ImageProvenance.Of(request.Model, request.Images[seen.Place]) with { Preview = seen.Preview.Index }, format, request.Quality),
        Now(),
        Size(request),
        ImageFormats.Name(format),
        seen.Preview.Index,
        seen.Place,
        request.Images[seen.Place].Seed,
        request.Class?.Id,
        request.Class?.Name);

    /// <summary>A finished image as an event.</summary>
    public CompletedImageEvent Completed(GenerationRequest request, InferenceEvent.Finished seen, ImageFormat format)
    {
        var started = clock.GetTimestamp();
        var image = seen.Result.Image;
        var file = ImageFile.Encode(image.Image, ImageProvenance.Of(request.Model, image.Specification), format, request.Quality);
        return new CompletedImageEvent(
            CompletedImageEvent.Name,
            file,
            Now(),
            Size(request),
            ImageFormats.Name(format),
            seen.Place,
            image.Specification.Seed,
            request.Class?.Id,
            request.Class?.Name,
            Usage(request, images: 1),
            Timings([seen.Result], clock.GetElapsedTime(started)),
            request.Include.Layout ? image.CoarseLabels : null,
            request.Include.Tokens ? image.Tokens : null);
    }

    /// <summary>One image as it is, several on a contact sheet.</summary>
    public FileContentHttpResult File(HttpResponse response, GenerationRequest request, IReadOnlyList<InferenceResult> results, ImageFormat format)
    {
        var (picture, provenance) = Picture(request, [.. results.Select(result => result.Image.Image)]);
        LogAnswered(request, results);
        response.Headers[SeedHeader] = $"{request.Seed}";
        if (request.Class is { } label)
        {
            response.Headers[ClassHeader] = HeaderText(label.Name);
        }

        return TypedResults.File(ImageFile.Encode(picture, provenance, format, request.Quality), ImageFormats.MediaType(format));
    }

    private static (RgbImage Picture, ImageProvenance Provenance) Picture(GenerationRequest request, IReadOnlyList<RgbImage> images)
    {
        var first = ImageProvenance.Of(request.Model, request.Images[0]); // its seed is the request's
        if (images.Count == 1)
        {
            return (images[0], first);
        }

        var columns = ContactSheet.Columns(images.Count);
        return (ContactSheet.Compose(images, columns), first.OnSheet(new SheetShape(images.Count, columns)));
    }

    /// <summary>Once for each request; for a stream its writer says when.</summary>
    public void LogAnswered(GenerationRequest request, IReadOnlyList<InferenceResult> results) =>
        Log.Answered(logger, results.Count, request.Class?.Name, request.Seed, results.Max(result => result.QueueTime));

    private long Now() => clock.GetUtcNow().ToUnixTimeSeconds();

    private static string Size(GenerationRequest request) => request.Model.ImageSize;

    private static ImageUsage Usage(GenerationRequest request, int images)
    {
        var input = (request.Class is null ? 0 : 1) + (request.Images[0].Layout == LayoutSource.Drawn ? 0 : request.Model.TokenCount);
        var output = images * request.Model.TokenCount;
        return new ImageUsage(input, output, input + output);
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
