namespace CtfService.Model.Imaging;

/// <summary>Which kinds of image files are decoded.</summary>
public enum PictureKinds
{
    /// <summary>PNG, JPEG and WebP: what strangers may send.</summary>
    Web,

    /// <summary>Also GIF (its first frame), BMP and ICO: what lies in data sets.</summary>
    All,
}
