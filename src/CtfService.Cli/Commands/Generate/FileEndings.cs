using CtfService.Core.Generation;

namespace CtfService.Cli.Commands.Generate;

/// <summary>Maps image formats to file name extensions.</summary>
internal static class FileEndings
{
    /// <summary>All extensions, for messages.</summary>
    public const string Names = ".png, .jpg, .jpeg or .webp";

    /// <summary>Returns the extension of files in the format.</summary>
    public static string Of(ImageFormat format) => format switch
    {
        ImageFormat.Png => ".png",
        ImageFormat.Jpeg => ".jpg",
        ImageFormat.Webp => ".webp",
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "Unknown image format."),
    };

    /// <summary>Returns the format for a file name; null if its extension is not one of an image.</summary>
    public static ImageFormat? Format(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".png" => ImageFormat.Png,
        ".jpg" or ".jpeg" => ImageFormat.Jpeg,
        ".webp" => ImageFormat.Webp,
        _ => null,
    };
}
