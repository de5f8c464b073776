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
            : throw new EditFileException(
                openMask is null ? EditFile.Picture : EditFile.Mask,
                "mask_cropped",
                "All transparent pixels are near the edges, in the part that is cut off when the picture is scaled to cover "
                + $"{width}x{height} pixels and cropped evenly. Crop the picture and the mask to that shape first.");
    }

    private static (RgbImage Picture, EditMask Mask) ReadMasked(Func<Stream> openPicture, Func<Stream> openMask, int width, int height)
    {
        var size = Readable(EditFile.Picture, () => ImageCodec.ReadUprightSize(openPicture()));
        var maskSize = Readable(EditFile.Mask, () => ImageCodec.ReadUprightSize(openMask()));
        if (size != maskSize)
        {
            throw new EditFileException(
                EditFile.Mask,
                "mask_size_mismatch",
                $"The mask is {maskSize.Width}x{maskSize.Height} pixels and the picture {size.Width}x{size.Height}, both turned upright by their EXIF "
                + $"orientation; expected the same size. Scale the mask to {size.Width}x{size.Height}.");
        }

        var mask = CoverMask(Readable(EditFile.Mask, () => ImageCodec.DecodeWithAlpha(openMask())), width, height);
        var picture = Readable(EditFile.Picture, () => ImageCodec.Decode(openPicture()));
        return (ImageResizer.Cover(picture, width, height), mask);
    }

    private static EditMask CoverMask(RgbaImage mask, int width, int height) =>
        mask.HasTransparentPixels()
            ? mask.CoverMask(width, height)
            : throw new EditFileException(
                EditFile.Mask,
                "mask_opaque",
                $"The mask has no transparent pixels{WithoutAlpha(mask)}. The transparent pixels are what is edited (alpha below {RgbaImage.LeastOpaque}; "
                + "colours have no meaning). Erase the part to edit and save the mask as PNG or WebP with transparency.");

    private static (RgbImage Picture, EditMask Mask) ReadTransparent(Func<Stream> openPicture, int width, int height)
    {
        var picture = Readable(EditFile.Picture, () => ImageCodec.DecodeWithAlpha(openPicture()));
        return picture.HasTransparentPixels()
            ? (ImageResizer.Cover(TransparencyFill.Fill(picture), width, height), picture.CoverMask(width, height))
            : throw new EditFileException(
                EditFile.Mask,
                "mask_required",
                $"There is no mask, and the picture has no transparent pixels{WithoutAlpha(picture)}, so nothing says what to edit. "
                + "Give a mask of the picture's size, as PNG or WebP, whose transparent pixels are edited; or erase the part to edit in the picture.");
    }

    private static string WithoutAlpha(RgbaImage image) => image.HasAlpha ? "" : "; its file has no alpha channel at all";

    private static T Readable<T>(EditFile file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidDataException damaged)
        {
            throw new EditFileException(
                file, file == EditFile.Mask ? "invalid_mask" : "invalid_image", $"The {Name(file)} cannot be read. {damaged.Message}", damaged);
        }
    }

    private static string Name(EditFile file) => file == EditFile.Mask ? "mask" : "picture";
}
