using System.Threading.RateLimiting;
using CtfService.Api.Configuration;
using CtfService.Api.Errors;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Imaging;

namespace CtfService.Api.Validation;

/// <summary>
/// Decodes an uploaded file to pixels of the model's size. Checks the size in the file's header first, so that a small file cannot decode to a huge picture,
/// and limits how many pictures are decoded at the same time. Thread-safe.
/// </summary>
internal sealed class PictureReader(LimitsOptions limits) : IDisposable
{
    private readonly SemaphoreSlim _decoding = new(Environment.ProcessorCount);

    /// <summary>Limits the pixels that are decoded at the same time: one picture of the largest size, or several smaller ones, in order of arrival.</summary>
    private readonly ConcurrencyLimiter _pixels = new(new ConcurrencyLimiterOptions { PermitLimit = limits.MaxUploadPixels, QueueLimit = int.MaxValue });

    /// <param name="open">Opens the file; called twice.</param>
    /// <exception cref="RequestRefusedException">The file is not a picture, or is damaged or too large.</exception>
    public async Task<RgbImage> ReadAsync(Func<Stream> open, ModelDescription model, CancellationToken cancellation)
    {
        await _decoding.WaitAsync(cancellation);
        try
        {
            var pixels = RequireSize(ImageCodec.ReadHeader(open()));
            using var permit = await _pixels.AcquireAsync(pixels, cancellation);
            return ImageResizer.Cover(ImageCodec.Decode(open()), model.ImageWidth, model.ImageHeight);
        }
        catch (InvalidDataException damaged)
        {
            throw RequestRefusedException.For("image", "invalid_image", $"image: {damaged.Message} Send a PNG, JPEG or WebP file.");
        }
        finally
        {
            _decoding.Release();
        }
    }

    public void Dispose()
    {
        _decoding.Dispose();
        _pixels.Dispose();
    }

    private int RequireSize((int Width, int Height) size)
    {
        if ((long)size.Width * size.Height > limits.MaxUploadPixels)
        {
            throw RequestRefusedException.For(
                "image",
                "image_too_large",
                $"image is {size.Width}x{size.Height}, {(long)size.Width * size.Height} pixels; expected at most {limits.MaxUploadPixels} "
                + "(Limits:MaxUploadPixels). Scale it down first; the service scales it to the model's size anyway.");
        }

        return size.Width * size.Height;
    }
}
