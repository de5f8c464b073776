namespace CtfService.Api.Studio;

/// <summary>Media types of the page's files, by their endings. Others are not served.</summary>
internal static class StudioMediaTypes
{
    private static readonly Dictionary<string, string> ByEnding = new(StringComparer.OrdinalIgnoreCase)
    {
        [".html"] = "text/html; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".json"] = "application/json; charset=utf-8",
        [".webmanifest"] = "application/manifest+json; charset=utf-8",
        [".svg"] = "image/svg+xml; charset=utf-8",
        [".png"] = "image/png",
        [".jpg"] = "image/jpeg",
        [".webp"] = "image/webp",
        [".ico"] = "image/x-icon",
        [".woff2"] = "font/woff2",
    };

    /// <summary>Returns null for an ending that is not served.</summary>
    public static string? Find(string fileName) => ByEnding.GetValueOrDefault(Path.GetExtension(fileName));

    public static bool IsText(string mediaType) => mediaType.EndsWith("charset=utf-8", StringComparison.Ordinal);
}
