namespace CtfService.Core.Generation;

/// <summary>Everything that determines an image: the same model and specification give the same tokens, alone or in any batch.</summary>
/// <param name="ClassId">
/// Class index, 0 to classes-1. If no part of the layout is drawn, the null class (the number of classes) is allowed too; the fine stage then follows the
/// layout alone.
/// </param>
/// <param name="Seed">Seed of the random stream of this image (see <see cref="ImageSeed"/>).</param>
/// <param name="Coarse">Sampling of the coarse labels, one at a time. Ignored if no part of the layout is drawn.</param>
/// <param name="Fine">Sampling of the fine labels, in one pass. Ignored by a model without a fine stage.</param>
/// <exception cref="ArgumentException">A sampling setting is out of range; the file of such an image could not be read back.</exception>
public sealed record ImageSpecification(int ClassId, ulong Seed, SamplingSettings Coarse, SamplingSettings Fine)
{
    /// <summary>Sampling of the coarse labels.</summary>
    public SamplingSettings Coarse { get; init => field = InRange(value, nameof(Coarse)); } = InRange(Coarse, nameof(Coarse));

    /// <summary>Sampling of the fine labels.</summary>
    public SamplingSettings Fine { get; init => field = InRange(value, nameof(Fine)); } = InRange(Fine, nameof(Fine));

    /// <summary>Source of the coarse labels; drawn by default.</summary>
    public LayoutSource Layout { get; init; } = LayoutSource.Drawn;

    /// <summary>How labels are drawn in both stages.</summary>
    public SamplingMethod Method { get; init; } = SamplingMethod.GumbelMax;

    /// <summary>True if the coarse stage draws the layout or a part of it.</summary>
    public bool DrawsLayout => Layout == LayoutSource.Drawn || Layout is LayoutSource.Edited;

    /// <summary>True if the coarse stage draws every label, once.</summary>
    public bool DrawsWholeLayout => DrawsLayout && !HasPicture;

    /// <summary>True if a picture is VQ encoded before the image is drawn.</summary>
    public bool HasPicture => Layout is LayoutSource.Encoded or LayoutSource.Edited { Mask.IsFull: false };

    /// <summary>How often the coarse stage draws the layout at most: once, or once for each candidate of an edit.</summary>
    public int Rounds => Layout is LayoutSource.Edited { Mask.IsFull: false } edited ? edited.Candidates : 1;

    /// <summary>Rows of this image in a coarse decode step: two with guidance, one without, zero if no part of its layout is drawn.</summary>
    public int Rows => !DrawsLayout ? 0 : Coarse.IsGuided ? 2 : 1;

    private static SamplingSettings InRange(SamplingSettings settings, string name)
    {
        List<string> problems = [.. settings.Problems(name)];
        return problems.Count == 0 ? settings : throw new ArgumentException($"{string.Join("; ", problems)}.", name);
    }
}
