namespace CtfService.Core.Generation;

/// <summary>File formats that images are encoded to.</summary>
public enum ImageFormat
{
    Png,
    Jpeg,
    Webp,
}
