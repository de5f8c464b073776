namespace CtfService.Model.Imaging;

/// <summary>A file of an edit cannot be read, or does not say what to edit. The message says what is wrong, what was expected and what to do.</summary>
public sealed class EditFileException : Exception
{
    private EditFileException(EditFile file, string code, string message, Exception? innerException = null)
        : base(message, innerException) => (File, Code) = (file, code);

    /// <summary>The file to mend.</summary>
    public EditFile File { get; }

    /// <summary>Names the problem for programs, such as <c>mask_size_mismatch</c>.</summary>
    public string Code { get; }

    /// <param name="damaged">What is wrong with the file.</param>
    public static EditFileException Unreadable(EditFile file, InvalidDataException damaged) => file == EditFile.Mask
        ? new(file, "invalid_mask", $"The mask cannot be read. {damaged.Message} Give a PNG or WebP file with transparent pixels.", damaged)
        : new(file, "invalid_image", $"The picture cannot be read. {damaged.Message} Give a PNG, JPEG or WebP file.", damaged);

    /// <summary>The mask has another size than its picture.</summary>
    public static EditFileException OtherSize((int Width, int Height) mask, (int Width, int Height) picture) => new(
        EditFile.Mask,
        "mask_size_mismatch",
        $"The mask is {mask.Width}x{mask.Height} pixels and the picture {picture.Width}x{picture.Height}, both turned upright by their EXIF orientation; "
        + $"expected the same size. Scale the mask to {picture.Width}x{picture.Height}.");

    /// <summary>The mask has no transparent pixels.</summary>
    /// <param name="hasAlpha">Whether its file has an alpha channel.</param>
    public static EditFileException Opaque(bool hasAlpha) => new(
        EditFile.Mask,
        "mask_opaque",
        $"The mask has no transparent pixels{WithoutAlpha(hasAlpha)}. The transparent pixels are what is edited (alpha below {RgbaImage.LeastOpaque}; colours "
        + "have no meaning). Erase the part to edit and save the mask as PNG or WebP with transparency.");

    /// <summary>There is no mask, and the picture has no transparent pixels.</summary>
    /// <param name="hasAlpha">Whether the file of the picture has an alpha channel.</param>
    public static EditFileException NoMask(bool hasAlpha) => new(
        EditFile.Mask,
        "mask_required",
        $"There is no mask, and the picture has no transparent pixels{WithoutAlpha(hasAlpha)}, so nothing says what to edit. "
        + "Give a mask of the picture's size, as PNG or WebP, whose transparent pixels are edited; or erase the part to edit in the picture.");

    /// <summary>What was to be edited is cut off when the picture gets the size of the model.</summary>
    public static EditFileException Cropped(EditFile file, int width, int height) => new(
        file,
        "mask_cropped",
        "All transparent pixels are near the edges, in the part that is cut off when the picture is scaled to cover "
        + $"{width}x{height} pixels and cropped evenly. Crop the picture and the mask to that shape first.");

    private static string WithoutAlpha(bool hasAlpha) => hasAlpha ? "" : "; its file has no alpha channel at all";
}

/// <summary>A file of an edit.</summary>
public enum EditFile
{
    /// <summary>The picture of which a part is changed.</summary>
    Picture,

    /// <summary>The file whose transparent pixels are that part.</summary>
    Mask,
}
