namespace CtfService.Core.Generation;

/// <summary>Source of the coarse labels of an image: one of the nested cases.</summary>
public abstract record LayoutSource
{
    private LayoutSource()
    {
    }

    /// <summary>The coarse stage draws the labels.</summary>
    public static LayoutSource Drawn { get; } = new DrawnLayout();

    /// <summary>Draws the labels one at a time from class and seed.</summary>
    private sealed record DrawnLayout : LayoutSource;

    /// <summary>Takes the labels from another image, so that only the details are drawn again.</summary>
    /// <param name="CoarseLabels">[T]: one cluster index per grid position, raster order, 0 to clusters-1. Not copied; must not change.</param>
    public sealed record Given(IReadOnlyList<int> CoarseLabels) : LayoutSource;

    /// <summary>Takes the labels from a picture: VQ encode, then the cluster of each token.</summary>
    /// <param name="Picture">Picture of the model's image size. Images with the same picture share one encoding.</param>
    public sealed record Encoded(RgbImage Picture) : LayoutSource;
}
