namespace CtfService.Model.Imaging;

/// <summary>The kinds of image files that are decoded.</summary>
public enum PictureKinds
{
    /// <summary>PNG, JPEG and WebP: the kinds accepted as uploads.</summary>
    Web,

    /// <summary>Also GIF (first frame), BMP and ICO: the kinds accepted in data sets.</summary>
    All,
}
