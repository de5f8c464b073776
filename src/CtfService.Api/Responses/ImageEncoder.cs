using CtfService.Api.Telemetry;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Telemetry;
using CtfService.Model.Imaging;

namespace CtfService.Api.Responses;

/// <summary>Encodes finished pictures as image files on the request's thread, and records how long that takes. Thread-safe.</summary>
internal sealed class ImageEncoder(InferenceMetrics metrics, TimeProvider clock)
{
    /// <param name="quality">Quality of JPEG and WebP, 0..100.</param>
    public EncodedImage Encode(HttpContext http, RgbImage picture, ImageProvenance provenance, ImageFormat format, int quality)
    {
        using var span = Tracing.StartChild(StageNames.Encode);
        var started = clock.GetTimestamp();
        var file = ImageFile.Encode(picture, provenance, format, quality);
        var elapsed = clock.GetElapsedTime(started);
        metrics.StageEnded(StageNames.Encode, elapsed);
        RequestRecord.Of(http)?.Encoded(elapsed);
        return new EncodedImage(file, elapsed);
    }
}

/// <summary>An image file, and how long it took to encode.</summary>
internal readonly record struct EncodedImage(byte[] File, TimeSpan Elapsed);
