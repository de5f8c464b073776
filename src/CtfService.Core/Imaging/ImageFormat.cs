namespace CtfService.Core.Imaging;

/// <summary>File formats an image can be encoded to.</summary>
public enum ImageFormat
{
    Png,
    Jpeg,
    Webp,
}
