namespace CtfService.Core.Generation;

/// <summary>Where the coarse labels of an image come from. One of the nested cases.</summary>
public abstract record LayoutSource
{
    private LayoutSource()
    {
    }

    /// <summary>The coarse stage draws them.</summary>
    public static LayoutSource Drawn { get; } = new DrawnLayout();

    /// <summary>Drawn one by one from class and seed.</summary>
    private sealed record DrawnLayout : LayoutSource;

    /// <summary>Kept from another image, so that only its details are drawn again.</summary>
    /// <param name="CoarseLabels">[T]: one cluster index per grid position, raster order, 0..clusters-1. Not copied: must not change.</param>
    public sealed record Given(IReadOnlyList<int> CoarseLabels) : LayoutSource;

    /// <summary>Taken from a picture: VQ encode, then the cluster of each token.</summary>
    /// <param name="Picture">Of the model's size. Several images of the same picture are encoded once.</param>
    public sealed record Encoded(RgbImage Picture) : LayoutSource;
}
