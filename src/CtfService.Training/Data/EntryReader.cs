using CtfService.Core.Imaging;
using CtfService.Model.Imaging;

namespace CtfService.Training.Data;

/// <summary>Decodes one file of a data set, or counts why it is not read. Size and header decide before anything is decoded. Thread-safe.</summary>
internal static class EntryReader
{
    /// <summary>False for files that are too large, and for empty ones: as such show pipes and devices, which never end.</summary>
    public static bool MayBeRead(ImageEntry entry) => entry.Length is > 0 and <= ImageFolder.MaxFileBytes;

    /// <returns>Null if the file was skipped.</returns>
    public static RgbImage? Read(ImageEntry entry, SkipCounter skipped)
    {
        var (name, reason) = (entry.Name, entry.Length == 0 ? SkipReasons.Empty : SkipReasons.TooManyBytes);
        if (MayBeRead(entry))
        {
            try
            {
                var file = entry.Read();
                (var image, reason, var detail) = Decode(file);
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

    private static (RgbImage? Image, string Reason, string? Detail) Decode(byte[] file)
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
            return (long)width * height > ImageFolder.MaxPixels
                ? (null, SkipReasons.TooManyPixels, $"{width}x{height}")
                : (ImageCodec.Decode(file, PictureKinds.All), "", null);
        }
        catch (InvalidDataException)
        {
            return (null, SkipReasons.Damaged, null);
        }
    }
}
