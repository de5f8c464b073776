using System.Threading.RateLimiting;
using CtfService.Api.Configuration;
using CtfService.Api.Errors;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Imaging;
using CtfService.Model.Memory;

namespace CtfService.Api.Validation;

/// <summary>
/// Decodes uploaded files to pixels of the model's size. Checks the size in the file's header first, so that a small file cannot decode to a huge picture,
/// and limits how many pictures are decoded at the same time. Thread-safe.
/// </summary>
internal sealed class PictureReader(LimitsOptions limits) : IDisposable
{
    /// <summary>Field of the picture.</summary>
    public const string Picture = "image";

    /// <summary>Field of the mask.</summary>
    public const string Mask = "mask";

    /// <summary>Pixels of a picture whose memory is collected at once if the container limits it, because the collector might leave several.</summary>
    private const int LargePixels = 1 << 20;

    private readonly SemaphoreSlim _decoding = new(Environment.ProcessorCount);

    /// <summary>Limits the pixels that are decoded at the same time: one picture of the largest size, or several smaller ones, in order of arrival.</summary>
    private readonly ConcurrencyLimiter _pixels = new(new ConcurrencyLimiterOptions { PermitLimit = limits.MaxUploadPixels, QueueLimit = int.MaxValue });

    /// <summary>Reads the picture of a variation.</summary>
    /// <param name="open">Opens the file; called twice.</param>
    /// <exception cref="RequestRefusedException">The file is not a picture, or is damaged or too large.</exception>
    public Task<LayoutSource> ReadVariationAsync(Func<Stream> open, ModelDescription model, CancellationToken cancellation) => ReadAsync<LayoutSource>(
        () => RequireSize(ImageCodec.ReadHeader(open()), Picture),
        () => new LayoutSource.Encoded(ImageResizer.Cover(ImageCodec.Decode(open()), model.ImageWidth, model.ImageHeight)),
        cancellation);

    /// <summary>Reads the files of an edit, one after the other, so that they take no more memory than one.</summary>
    /// <param name="openPicture">Opens the picture; called more than once.</param>
    /// <param name="openMask">Opens the mask; called more than once. Null if there is none.</param>
    /// <exception cref="RequestRefusedException">A file is not a picture, or is damaged or too large, or the two do not say what to edit.</exception>
    public Task<LayoutSource.Edited> ReadEditAsync(
        Func<Stream> openPicture, Func<Stream>? openMask, ModelDescription model, CancellationToken cancellation) => ReadAsync(
        () => Math.Max(
            RequireSize(EditFiles.ReadSize(EditFile.Picture, openPicture), Picture),
            openMask is null ? 0 : RequireSize(EditFiles.ReadSize(EditFile.Mask, openMask), Mask)),
        () => EditFiles.Read(openPicture, openMask, model.ImageWidth, model.ImageHeight),
        cancellation);

    public void Dispose()
    {
        _decoding.Dispose();
        _pixels.Dispose();
    }

    /// <summary>Describes what is wrong with the files of an edit.</summary>
    internal static RequestRefusedException Refused(EditFileException problem) =>
        RequestRefusedException.For(problem.File == EditFile.Mask ? Mask : Picture, problem.Code, problem.Message);

    /// <param name="pixels">Returns the number of pixels to decode at the same time.</param>
    private async Task<T> ReadAsync<T>(Func<int> pixels, Func<T> decode, CancellationToken cancellation)
    {
        await _decoding.WaitAsync(cancellation);
        try
        {
            var count = pixels();
            using var permit = await _pixels.AcquireAsync(count, cancellation);
            try
            {
                return decode();
            }
            finally
            {
                if (count >= LargePixels && ContainerMemory.Limit is not null)
                {
                    GC.Collect();
                }
            }
        }
        catch (InvalidDataException damaged)
        {
            throw RequestRefusedException.For(Picture, "invalid_image", $"{Picture}: {damaged.Message} Send a PNG, JPEG or WebP file.");
        }
        catch (EditFileException problem)
        {
            throw Refused(problem);
        }
        finally
        {
            _decoding.Release();
        }
    }

    /// <summary>Returns the number of pixels.</summary>
    private int RequireSize((int Width, int Height) size, string field)
    {
        var (width, height) = size;
        if ((long)width * height > limits.MaxUploadPixels)
        {
            throw RequestRefusedException.For(
                field,
                "image_too_large",
                $"{field} is {width}x{height}, {(long)width * height} pixels; expected at most {limits.MaxUploadPixels} "
                + "(Limits:MaxUploadPixels). Scale it down first; the service scales it to the model's size anyway.");
        }

        return width * height;
    }
}
