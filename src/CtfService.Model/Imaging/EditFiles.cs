using CtfService.Core.Generation;

namespace CtfService.Model.Imaging;

/// <summary>
/// Reads the files of an edit: a picture, and a mask whose transparent pixels are drawn anew. Without a mask, the transparent pixels of the picture are.
/// Thread-safe.
/// </summary>
public static class EditFiles
{
    /// <summary>Reads the files and scales them alike, so that they cover the size of a model.</summary>
    /// <param name="openPicture">Opens the picture as a seekable stream; called more than once.</param>
    /// <param name="openMask">Opens the mask as a seekable stream; called more than once. Null if there is none.</param>
    /// <returns>The picture without transparency, and a mask that is not empty. It may be full: nothing of the picture is kept then.</returns>
    /// <exception cref="EditFileException">A file cannot be read, or the two do not say what to edit.</exception>
    public static LayoutSource.Edited Read(Func<Stream> openPicture, Func<Stream>? openMask, int width, int height)
    {
        var (picture, mask) = openMask is null ? ReadTransparent(openPicture, width, height) : ReadMasked(openPicture, openMask, width, height);
        return !mask.IsEmpty
            ? new LayoutSource.Edited(picture, mask)
            : throw EditFileException.Cropped(openMask is null ? EditFile.Picture : EditFile.Mask, width, height);
    }

    /// <summary>Reads the size of a file in pixels, after the EXIF orientation, from its header.</summary>
    /// <param name="file">The file, for the exception.</param>
    /// <param name="open">Opens the file as a seekable stream.</param>
    /// <exception cref="EditFileException">The file is not an image of a supported kind.</exception>
    public static (int Width, int Height) ReadSize(EditFile file, Func<Stream> open) => Readable(file, () => ImageCodec.ReadUprightSize(open()));

    private static (RgbImage Picture, EditMask Mask) ReadMasked(Func<Stream> openPicture, Func<Stream> openMask, int width, int height)
    {
        var (size, maskSize) = (ReadSize(EditFile.Picture, openPicture), ReadSize(EditFile.Mask, openMask));
        if (size != maskSize)
        {
            throw EditFileException.OtherSize(maskSize, size);
        }

        // The mask is reduced to the model's size before the picture is decoded.
        var mask = CoverMask(Readable(EditFile.Mask, () => ImageCodec.DecodeWithAlpha(openMask())), width, height);
        var picture = Readable(EditFile.Picture, () => ImageCodec.Decode(openPicture()));
        return (ImageResizer.Cover(picture, width, height), mask);
    }

    private static EditMask CoverMask(RgbaImage mask, int width, int height) =>
        mask.HasTransparentPixels() ? mask.CoverMask(width, height) : throw EditFileException.Opaque(mask.HasAlpha);

    private static (RgbImage Picture, EditMask Mask) ReadTransparent(Func<Stream> openPicture, int width, int height)
    {
        var picture = Readable(EditFile.Picture, () => ImageCodec.DecodeWithAlpha(openPicture()));
        return picture.HasTransparentPixels()
            ? (ImageResizer.Cover(TransparencyFill.Fill(picture), width, height), picture.CoverMask(width, height))
            : throw EditFileException.NoMask(picture.HasAlpha);
    }

    private static T Readable<T>(EditFile file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidDataException damaged)
        {
            throw EditFileException.Unreadable(file, damaged);
        }
    }
}
