namespace CtfService.Core.Generation;

/// <summary>File formats an image can be encoded to.</summary>
public enum ImageFormat
{
    Png,
    Jpeg,
    Webp,
}
