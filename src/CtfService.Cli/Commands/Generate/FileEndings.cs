using CtfService.Core.Generation;

namespace CtfService.Cli.Commands.Generate;

/// <summary>Formats of image files by the ends of their names.</summary>
internal static class FileEndings
{
    /// <summary>For messages.</summary>
    public const string Names = ".png, .jpg, .jpeg or .webp";

    /// <summary>The ending that files of the format get.</summary>
    public static string Of(ImageFormat format) => format switch
    {
        ImageFormat.Png => ".png",
        ImageFormat.Jpeg => ".jpg",
        ImageFormat.Webp => ".webp",
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "Unknown image format."),
    };

    /// <summary>What a file of the name holds; null if its ending is not an image's.</summary>
    public static ImageFormat? Format(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".png" => ImageFormat.Png,
        ".jpg" or ".jpeg" => ImageFormat.Jpeg,
        ".webp" => ImageFormat.Webp,
        _ => null,
    };
}
