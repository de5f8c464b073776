using CtfService.Api.Contracts;
using CtfService.Api.Http;
using CtfService.Api.Telemetry;
using CtfService.Api.Validation;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Telemetry;
using CtfService.Model.Imaging;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CtfService.Api.Responses;

/// <summary>Makes the answer out of finished images. Encodes on the request's thread: the worker has better things to do.</summary>
internal sealed class ImageResponder(InferenceMetrics metrics, TimeProvider clock)
{
    /// <summary>Every image as a file inside JSON.</summary>
    public Ok<ImagesResponse> Json(HttpContext http, ValidatedImageRequest request, IReadOnlyList<InferenceResult> results, ImageFormat format)
    {
        var encoding = TimeSpan.Zero;
        ImageEntry[] entries = [.. results.Select(result =>
        {
            var file = Encode(http, result.Image.Image, ImageProvenance.Of(request.Model, result.Image.Specification), format, request.Quality, ref encoding);
            return new ImageEntry(
                file,
                result.Image.Specification.Seed,
                request.Class?.Id,
                request.Class?.Name,
                request.Include.Layout ? result.Image.CoarseLabels : null,
                request.Include.Tokens ? result.Image.Tokens : null,
                request.HasLinks ? $"data:{ImageFormats.MediaType(format)};base64,{Convert.ToBase64String(file)}" : null);
        })];
        return TypedResults.Ok(new ImagesResponse(
            Now(), request.Model.Name, entries, ImageFormats.Name(format), Size(request), Usage(request, results.Count),
            Timings(results, encoding), Warnings(request)));
    }

    /// <summary>A preview as an event.</summary>
    public PartialImageEvent Partial(ValidatedImageRequest request, InferenceEvent.Previewed seen, ImageFormat format) => new(
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
    public CompletedImageEvent Completed(HttpContext http, ValidatedImageRequest request, InferenceEvent.Finished seen, ImageFormat format)
    {
        var encoding = TimeSpan.Zero;
        var image = seen.Result.Image;
        var file = Encode(http, image.Image, ImageProvenance.Of(request.Model, image.Specification), format, request.Quality, ref encoding);
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
            Timings([seen.Result], encoding),
            request.Include.Layout ? image.CoarseLabels : null,
            request.Include.Tokens ? image.Tokens : null,
            Warnings(request));
    }

    /// <summary>One image as it is, several on a contact sheet.</summary>
    public FileContentHttpResult File(HttpContext http, ValidatedImageRequest request, IReadOnlyList<InferenceResult> results, ImageFormat format)
    {
        var (picture, provenance) = Picture(request, [.. results.Select(result => result.Image.Image)]);
        var headers = http.Response.Headers;
        headers[CustomHeaders.Seed] = $"{request.Seed}";
        if (request.Class is { } label)
        {
            headers[CustomHeaders.ClassLabel] = HeaderText(label.Name);
        }

        var encoding = TimeSpan.Zero;
        return TypedResults.File(Encode(http, picture, provenance, format, request.Quality, ref encoding), ImageFormats.MediaType(format));
    }

    private static (RgbImage Picture, ImageProvenance Provenance) Picture(ValidatedImageRequest request, IReadOnlyList<RgbImage> images)
    {
        var first = ImageProvenance.Of(request.Model, request.Images[0]); // its seed is the request's
        if (images.Count == 1)
        {
            return (images[0], first);
        }

        var columns = ContactSheet.Columns(images.Count);
        return (ContactSheet.Compose(images, columns), first.OnSheet(new SheetShape(images.Count, columns)));
    }

    /// <summary>The last stage of an image, or of a sheet. Adds its time to the encodings so far.</summary>
    private byte[] Encode(HttpContext http, RgbImage picture, ImageProvenance provenance, ImageFormat format, int quality, ref TimeSpan encoding)
    {
        using var span = Tracing.StartPart(StageNames.Encode);
        var started = clock.GetTimestamp();
        var file = ImageFile.Encode(picture, provenance, format, quality);
        var elapsed = clock.GetElapsedTime(started);
        metrics.StageEnded(StageNames.Encode, elapsed);
        RequestRecord.Of(http)?.Encoded(elapsed);
        encoding += elapsed;
        return file;
    }

    private static IReadOnlyList<RequestWarning>? Warnings(ValidatedImageRequest request) => request.Warnings.Count == 0 ? null : request.Warnings;

    private long Now() => clock.GetUtcNow().ToUnixTimeSeconds();

    private static string Size(ValidatedImageRequest request) => request.Model.ImageSize;

    private static ImageUsage Usage(ValidatedImageRequest request, int images)
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
