namespace CtfService.Core.Generation;

/// <summary>Source of the coarse labels of an image: one of the nested cases.</summary>
public abstract record LayoutSource
{
    /// <summary>In a list of kept tokens, marks a position whose token is drawn.</summary>
    public const int NewToken = -1;

    private LayoutSource()
    {
    }

    /// <summary>The coarse stage draws the labels.</summary>
    public static LayoutSource Drawn { get; } = new DrawnLayout();

    /// <summary>Draws the labels one at a time from class and seed.</summary>
    private sealed record DrawnLayout : LayoutSource;

    /// <summary>Takes the labels from another image, so that only the details are drawn again.</summary>
    /// <param name="CoarseLabels">[T]: one cluster index per grid position, raster order, 0 to clusters-1. Not copied; must not change.</param>
    public sealed record Given(IReadOnlyList<int> CoarseLabels) : LayoutSource
    {
        /// <summary>
        /// [T]: the token of each position whose details stay, a member of its cluster; <see cref="NewToken"/> for the others. Null if all details are drawn.
        /// Not copied; must not change.
        /// </summary>
        public IReadOnlyList<int>? KeptTokens { get; init; }
    }

    /// <summary>Takes the labels from a picture: VQ encode, then the cluster of each token.</summary>
    /// <param name="Picture">Picture of the model's image size. Images with the same picture share one encoding.</param>
    public sealed record Encoded(RgbImage Picture) : LayoutSource;

    /// <summary>
    /// Changes a part of a picture: VQ encode; positions whose square of pixels the mask touches are drawn anew from class and seed, all others keep their
    /// token. Pixels outside the mask stay as they are.
    /// </summary>
    /// <param name="Picture">Picture of the model's image size. Images with the same picture share one encoding.</param>
    /// <param name="Mask">Mask of the picture's size. If it is full, nothing is kept, and the image is the one that is drawn without a picture.</param>
    public sealed record Edited(RgbImage Picture, EditMask Mask) : LayoutSource
    {
        /// <summary>The largest value of <see cref="Candidates"/>.</summary>
        public const int MostCandidates = 16;

        /// <summary>
        /// The number of candidates for the drawn part, 1 to <see cref="MostCandidates"/>. The labels are drawn so many times, the first time from the seed
        /// itself, and those under which the kept labels after them are likeliest are taken. A drawn label does not see what is kept after it in raster order;
        /// candidates make up for that. They change nothing if the mask is full.
        /// </summary>
        public int Candidates { get; init; } = 1;
    }
}
