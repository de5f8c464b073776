using CtfService.Core.Generation;

namespace CtfService.Api.Contracts;

/// <summary>Names and media types of the image formats.</summary>
internal static class ImageFormats
{
    /// <summary>All formats, in the order of preference for a caller who accepts any.</summary>
    public static IReadOnlyList<ImageFormat> All { get; } = [ImageFormat.Png, ImageFormat.Jpeg, ImageFormat.Webp];

    /// <summary>For messages: "png, jpeg or webp".</summary>
    public static string Names { get; } = $"{string.Join(", ", All.SkipLast(1).Select(Name))} or {Name(All[^1])}";

    public static string Name(ImageFormat format) => format switch
    {
        ImageFormat.Png => "png",
        ImageFormat.Jpeg => "jpeg",
        ImageFormat.Webp => "webp",
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "Unknown image format."),
    };

    public static string MediaType(ImageFormat format) => $"image/{Name(format)}";

    public static ImageFormat? Find(string name) => All.Where(format => Name(format) == name).Select(format => (ImageFormat?)format).FirstOrDefault();
}
