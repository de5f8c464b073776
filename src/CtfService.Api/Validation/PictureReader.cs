using System.Threading.RateLimiting;
using CtfService.Api.Configuration;
using CtfService.Api.Errors;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Imaging;

namespace CtfService.Api.Validation;

/// <summary>
/// An uploaded file to pixels of the model's size. The header decides before anything is decoded, so that a small file cannot unfold into a huge picture; few are
/// decoded at the same time, whatever comes in. Thread-safe.
/// </summary>
internal sealed class PictureReader(LimitsOptions limits) : IDisposable
{
    private readonly SemaphoreSlim _decoding = new(Environment.ProcessorCount);

    /// <summary>Pixels that may be decoded at the same time: one picture of the largest size, or several smaller ones. The oldest waits first.</summary>
    private readonly ConcurrencyLimiter _pixels = new(new ConcurrencyLimiterOptions { PermitLimit = limits.MaxUploadPixels, QueueLimit = int.MaxValue });

    /// <exception cref="RequestRefusedException">Not a picture, too large a one, or a damaged one.</exception>
    public async Task<RgbImage> ReadAsync(IFormFile file, ModelDescription model, CancellationToken cancellation)
    {
        await _decoding.WaitAsync(cancellation);
        try
        {
            var pixels = RequireSize(ImageCodec.ReadHeader(file.OpenReadStream()));
            using var permit = await _pixels.AcquireAsync(pixels, cancellation);
            return ImageResizer.Cover(ImageCodec.Decode(file.OpenReadStream()), model.ImageWidth, model.ImageHeight);
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
                $"image is {size.Width}x{size.Height}, {(long)size.Width * size.Height} pixels; expected at most {limits.MaxUploadPixels} (Limits:MaxUploadPixels). Scale it down first; the model sees a small picture anyway.");
        }

        return size.Width * size.Height;
    }
}
