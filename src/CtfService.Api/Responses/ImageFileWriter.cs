using CtfService.Api.Contracts;
using CtfService.Api.Telemetry;
using CtfService.Api.Validation;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Telemetry;
using CtfService.Model.Imaging;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CtfService.Api.Responses;

/// <summary>Responds with one image file: the image itself, or a contact sheet of several. Thread-safe.</summary>
internal sealed class ImageFileWriter(ImageEncoder encoder)
{
    public FileContentHttpResult Write(HttpContext http, ValidatedImageRequest request, IReadOnlyList<InferenceEvent.Finished> results, ImageFormat format)
    {
        var (picture, provenance) = Picture(request, [.. results.Select(result => result.Image.Image)]);
        var headers = http.Response.Headers;
        headers[CustomHeaders.Seed] = $"{request.Seed}";
        if (request.Class is { } label)
        {
            headers[CustomHeaders.ClassLabel] = HeaderText(label.Name);
        }

        return TypedResults.File(encoder.Encode(RequestRecord.Of(http), picture, provenance, format, request.Quality).File, ImageFormats.MediaType(format));
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

    /// <summary>Percent-encodes names that are not printable ASCII, which a header cannot contain.</summary>
    private static string HeaderText(string name) => name.All(letter => letter is >= ' ' and <= '~') ? name : Uri.EscapeDataString(name);
}

/// <summary>Encodes finished pictures as image files on the thread of the caller, and records how long that takes. Thread-safe.</summary>
internal sealed class ImageEncoder(InferenceMetrics metrics, TimeProvider clock)
{
    /// <param name="record">Gets the time as well; null if the images are not for an image request.</param>
    /// <param name="quality">Quality of JPEG and WebP, 0..100.</param>
    public EncodedImage Encode(RequestRecord? record, RgbImage picture, ImageProvenance provenance, ImageFormat format, int quality)
    {
        using var span = Tracing.StartChild(StageNames.Encode);
        var started = clock.GetTimestamp();
        var file = ImageFile.Encode(picture, provenance, format, quality);
        var elapsed = clock.GetElapsedTime(started);
        metrics.StageEnded(StageNames.Encode, elapsed);
        record?.Encoded(elapsed);
        return new EncodedImage(file, elapsed);
    }
}

/// <summary>An image file, and how long it took to encode.</summary>
internal readonly record struct EncodedImage(byte[] File, TimeSpan Elapsed);
