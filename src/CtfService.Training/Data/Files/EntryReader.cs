using CtfService.Core.Generation;
using CtfService.Model.Imaging;

namespace CtfService.Training.Data.Files;

/// <summary>Decodes one file of a data set, or counts why it is skipped. Checks size and header before decoding. Thread-safe.</summary>
internal static class EntryReader
{
    /// <summary>Bytes per pixel without compression; limits the size of a file.</summary>
    private const long PixelBytes = 4;

    /// <param name="name">Name for the report of skipped files.</param>
    /// <param name="maxPixels">Width times height of the largest image that is decoded.</param>
    /// <returns>Null if the file was skipped.</returns>
    public static RgbImage? Read(string name, TreeFile file, SkipCounter skipped, int maxPixels)
    {
        var reason = file.Length == 0 ? SkipReasons.Empty : SkipReasons.TooManyBytes(PixelBytes * maxPixels);
        if (file.Length > 0 && file.Length <= PixelBytes * maxPixels) // pipes and devices, which never end, have length 0
        {
            try
            {
                (var image, reason, var detail) = Decode(file.ReadAt(0, checked((int)file.Length)), maxPixels);
                if (image is not null)
                {
                    return image;
                }

                name = detail is null ? name : $"{name} ({detail})";
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                reason = SkipReasons.NoPermission;
            }
        }

        skipped.Add(name, reason);
        return null;
    }

    private static (RgbImage? Image, string Reason, string? Detail) Decode(byte[] file, int maxPixels)
    {
        switch (ImageSignature.Of(file))
        {
            case null:
                return (null, SkipReasons.NotImage, null);
            case { IsReadable: false } kind:
                return (null, SkipReasons.NotRead(kind.Name), null);
        }

        try
        {
            var (width, height) = ImageCodec.ReadHeader(file, PictureKinds.All);
            return (long)width * height > maxPixels
                ? (null, SkipReasons.TooManyPixels(maxPixels), $"{width}x{height}")
                : (ImageCodec.Decode(file, PictureKinds.All), "", null);
        }
        catch (InvalidDataException)
        {
            return (null, SkipReasons.Damaged, null);
        }
    }
}
