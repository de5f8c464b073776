using static TorchSharp.torch;

namespace CtfService.Training.Tokens;

/// <summary>The crops of an image whose tokens a model is trained on, as LlamaGen makes them.</summary>
public enum ImageCrops
{
    /// <summary>The centre crop and its mirror image.</summary>
    Mirror,

    /// <summary>The four corners and the centre of an image that is a tenth larger, and their mirror images.</summary>
    Ten,
}

/// <summary>The geometry of <see cref="ImageCrops"/>.</summary>
internal static class CropGeometry
{
    /// <summary>Side of the image that ten crops are cut from, relative to a crop.</summary>
    private const double LargerSide = 1.1;

    /// <summary>Returns the crops of an image.</summary>
    public static int Count(this ImageCrops crops) => crops == ImageCrops.Ten ? 10 : 2;

    /// <summary>Returns the side that images are scaled to before they are cropped, pixels.</summary>
    /// <param name="imageSize">Side of a crop, pixels.</param>
    public static int SourceSide(this ImageCrops crops, int imageSize) => crops == ImageCrops.Ten ? (int)(imageSize * LargerSide) : imageSize;

    /// <summary>Returns one crop of all images, in the order of torchvision's <c>ten_crop</c>: corners, centre, then the same of the mirror image.</summary>
    /// <param name="images">[B, 3, S, S] with S of <see cref="SourceSide"/>.</param>
    /// <param name="crop">0 to <see cref="Count"/> - 1.</param>
    /// <returns>[B, 3, <paramref name="imageSize"/>, <paramref name="imageSize"/>].</returns>
    public static Tensor Of(this ImageCrops crops, Tensor images, int crop, int imageSize)
    {
        using var scope = NewDisposeScope();
        var (mirrored, place) = Math.DivRem(crop, crops.Count() / 2);
        var source = mirrored == 1 ? images.flip(3) : images;
        var margin = (int)images.shape[3] - imageSize;
        var (top, left) = place switch
        {
            _ when crops == ImageCrops.Mirror => (0, 0),
            0 => (0, 0),
            1 => (0, margin),
            2 => (margin, 0),
            3 => (margin, margin),
            _ => ((int)Math.Round(margin / 2.0), (int)Math.Round(margin / 2.0)), // to even, as torchvision does
        };
        return source.narrow(2, top, imageSize).narrow(3, left, imageSize).MoveToOuterDisposeScope();
    }
}
