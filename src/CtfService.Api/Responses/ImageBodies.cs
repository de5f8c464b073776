using CtfService.Api.Contracts;
using CtfService.Api.Telemetry;
using CtfService.Api.Validation;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Model.Imaging;

namespace CtfService.Api.Responses;

/// <summary>Builds the JSON of finished images and of previews, for a whole response, a line of a batch, or the events of a stream. Thread-safe.</summary>
internal sealed class ImageBodies(ImageEncoder encoder, TimeProvider clock)
{
    /// <summary>All images of a request.</summary>
    public ImagesResponse Images(HttpContext http, ValidatedImageRequest request, IReadOnlyList<InferenceEvent.Finished> results, ImageFormat format)
    {
        var encoding = TimeSpan.Zero;
        var entries = Entries(RequestRecord.Of(http), request, results, format, elapsed => encoding += elapsed);
        return new ImagesResponse(
            Now(), request.Model.Name, entries, ImageFormats.Name(format), request.Model.ImageSize, Usage(request, results.Count),
            Timings(results, encoding), Warnings(request));
    }

    /// <summary>All images of a request of a batch. Depends on the arguments alone, so that it is the same if the request runs again.</summary>
    public BatchImagesResponse Images(ValidatedImageRequest request, IReadOnlyList<InferenceEvent.Finished> results, DateTimeOffset created)
    {
        var format = request.AskedFormat ?? ImageFormat.Png;
        var entries = Entries(record: null, request, results, format, _ => { });
        return new BatchImagesResponse(
            created.ToUnixTimeSeconds(), request.Model.Name, entries, ImageFormats.Name(format), request.Model.ImageSize, Usage(request, results.Count),
            Warnings(request));
    }

    /// <summary>A preview in a stream.</summary>
    public PartialImageEvent Partial(ValidatedImageRequest request, InferenceEvent.Previewed seen, ImageFormat format) => new(
        request.EventNames.Partial,
        ImageFile.Encode(
            seen.Preview.Image,
            ImageProvenance.Of(request.Model, request.Images[seen.Index]) with { Preview = seen.Preview.Index },
            format,
            request.Quality),
        Now(),
        request.Model.ImageSize,
        ImageFormats.Name(format),
        seen.Preview.Index,
        seen.Index,
        request.Images[seen.Index].Seed,
        request.Class?.Id,
        request.Class?.Name);

    /// <summary>A finished image in a stream.</summary>
    public CompletedImageEvent Completed(HttpContext http, ValidatedImageRequest request, InferenceEvent.Finished seen, ImageFormat format)
    {
        var image = seen.Image;
        var encoded = Encode(RequestRecord.Of(http), request, seen, format);
        return new CompletedImageEvent(
            request.EventNames.Completed,
            encoded.File,
            Now(),
            request.Model.ImageSize,
            ImageFormats.Name(format),
            seen.Index,
            image.Specification.Seed,
            request.Class?.Id,
            request.Class?.Name,
            Usage(request, images: 1),
            Timings([seen], encoded.Elapsed),
            request.Include.Layout ? image.CoarseLabels : null,
            request.Include.Tokens ? image.Tokens : null,
            Warnings(request));
    }

    private IReadOnlyList<ImageEntry> Entries(
        RequestRecord? record, ValidatedImageRequest request, IReadOnlyList<InferenceEvent.Finished> results, ImageFormat format, Action<TimeSpan> encodedIn) =>
        [.. results.Select(result =>
        {
            var encoded = Encode(record, request, result, format);
            encodedIn(encoded.Elapsed);
            return new ImageEntry(
                encoded.File,
                result.Image.Specification.Seed,
                request.Class?.Id,
                request.Class?.Name,
                request.Include.Layout ? result.Image.CoarseLabels : null,
                request.Include.Tokens ? result.Image.Tokens : null,
                request.HasLinks ? $"data:{ImageFormats.MediaType(format)};base64,{Convert.ToBase64String(encoded.File)}" : null);
        })];

    private EncodedImage Encode(RequestRecord? record, ValidatedImageRequest request, InferenceEvent.Finished result, ImageFormat format) =>
        encoder.Encode(record, result.Image.Image, ImageProvenance.Of(request.Model, result.Image.Specification), format, request.Quality);

    private static IReadOnlyList<RequestWarning>? Warnings(ValidatedImageRequest request) => request.Warnings.Count == 0 ? null : request.Warnings;

    private long Now() => clock.GetUtcNow().ToUnixTimeSeconds();

    private static ImageUsage Usage(ValidatedImageRequest request, int images)
    {
        var input = (request.Class is null ? 0 : 1) + (request.Images[0].Layout == LayoutSource.Drawn ? 0 : request.Model.TokenCount);
        var output = images * request.Model.TokenCount;
        return new ImageUsage(input, output, input + output);
    }

    private static ImageTimings Timings(IReadOnlyList<InferenceEvent.Finished> results, TimeSpan encoding) => new(
        Milliseconds(results.Max(result => result.QueueTime)),
        Milliseconds(results.Max(result => result.Image.Timings.Coarse)),
        Milliseconds(results.Max(result => result.Image.Timings.Fine)),
        Milliseconds(results.Max(result => result.Image.Timings.VqDecode)),
        Milliseconds(encoding));

    /// <summary>Rounds to microseconds; anything finer is noise.</summary>
    private static double Milliseconds(TimeSpan time) => Math.Round(time.TotalMilliseconds, 3);
}
