using CtfService.Model.Transformer;

namespace CtfService.Training.Planning;

/// <summary>How the logits of a position are computed in training.</summary>
/// <param name="Members">M: labels that compete for a position.</param>
/// <param name="IsGathered">Whether the head's rows of these labels are gathered for each position; otherwise all labels are scored in one product.</param>
public sealed record HeadScoring(int Members, bool IsGathered)
{
    /// <summary>
    /// Ratio of the codebook to the largest cluster above which gathering the members' rows of the head trains faster than one dense product over the codebook
    /// (measured on one core: 1.4 to 1.6 times at 287; slower at 124 on two).
    /// </summary>
    private const int MinGatherRatio = 192;

    /// <summary>All labels compete, as in the coarse stage.</summary>
    public static HeadScoring Whole(TransformerConfig config) => new(config.OutputVocabulary, IsGathered: false);

    /// <summary>The members of a cluster compete, as in the fine stage.</summary>
    /// <param name="codewords">Size of the codebook.</param>
    /// <param name="largestCluster">Codewords of the largest cluster.</param>
    public static HeadScoring OfMembers(int codewords, int largestCluster) => new(largestCluster, codewords >= (long)MinGatherRatio * largestCluster);

    /// <summary>Labels that are scored at a position.</summary>
    public int Scored(TransformerConfig config) => IsGathered ? Members : config.OutputVocabulary;

    /// <summary>Whether the logits of the members are selected from those of all labels.</summary>
    internal bool IsSelected(TransformerConfig config) => !IsGathered && Members < config.OutputVocabulary;
}
