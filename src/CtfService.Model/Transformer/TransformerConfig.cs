using System.Text.Json.Serialization;
using CtfService.Model.Layers;

namespace CtfService.Model.Transformer;

/// <summary>
/// The architecture of a transformer: the class vector, followed by one position per grid cell. Causal for the coarse stage and for a plain LlamaGen model,
/// full attention for the fine stage. Saved with the weights.
/// </summary>
public sealed record TransformerConfig
{
    /// <summary>D: width of the residual stream.</summary>
    public required int Width { get; init; }

    public required int Layers { get; init; }

    /// <summary>H: attention heads; D / H must be a multiple of 4 for the two-dimensional rotary embedding.</summary>
    public required int Heads { get; init; }

    /// <summary>Rows of the label embedding: C coarse labels, or K tokens for a plain LlamaGen model.</summary>
    public required int InputVocabulary { get; init; }

    /// <summary>V: logits per position; C for the coarse stage, K for the fine stage.</summary>
    public required int OutputVocabulary { get; init; }

    /// <summary>The number of class labels, without the null class.</summary>
    public required int ClassCount { get; init; }

    /// <summary>Gh: rows of the token grid.</summary>
    public required int GridHeight { get; init; }

    /// <summary>Gw: columns of the token grid.</summary>
    public required int GridWidth { get; init; }

    /// <summary>True if a position attends only to itself and earlier positions.</summary>
    public required bool Causal { get; init; }

    /// <summary>The feed-forward width is rounded up to a multiple of this value, unless it is given.</summary>
    public int FeedForwardMultiple { get; init; } = 256;

    /// <summary>
    /// F, if the model does not follow the rule of <see cref="FeedForwardWidth"/> (the reference's <c>ffn_dim_multiplier</c>); otherwise null.
    /// </summary>
    [JsonPropertyName("feed_forward_width")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? GivenFeedForwardWidth { get; init; }

    /// <summary>Base of the rotary frequencies.</summary>
    public float RopeBase { get; init; } = 10000;

    /// <summary>Epsilon of every RMSNorm.</summary>
    public float NormEpsilon { get; init; } = 1e-5f;

    /// <summary>Dropout on embeddings, attention output and feed-forward output; in training only.</summary>
    public float Dropout { get; init; } = 0.1f;

    /// <summary>Dh: width of one head.</summary>
    public int HeadWidth => Width / Heads;

    /// <summary>T: grid cells, one label each.</summary>
    public int Positions => GridHeight * GridWidth;

    /// <summary>The row of the class table that means "no class".</summary>
    public int NullClass => ClassCount;

    /// <summary>F: the given width, or int(2 * 4D / 3) rounded up to a multiple of <see cref="FeedForwardMultiple"/>.</summary>
    [JsonIgnore]
    public int FeedForwardWidth => GivenFeedForwardWidth ?? RoundedFeedForwardWidth(Width, FeedForwardMultiple);

    /// <summary>Returns one sentence for each invalid setting; empty if the architecture is valid.</summary>
    /// <param name="nameOf">Returns what a setting is called in the messages, given its name in files, such as <c>base_width</c>.</param>
    public IEnumerable<string> Problems(Func<string, string> nameOf)
    {
        string?[] problems =
        [
            ArchitectureRanges.Problem(nameOf("input_vocabulary"), InputVocabulary, ArchitectureRanges.Vocabulary),
            ArchitectureRanges.Problem(nameOf("output_vocabulary"), OutputVocabulary, ArchitectureRanges.Vocabulary),
            ArchitectureRanges.Problem(nameOf("class_count"), ClassCount, ArchitectureRanges.Classes),
            ArchitectureRanges.Problem(nameOf("grid_height"), GridHeight, ArchitectureRanges.GridSide),
            ArchitectureRanges.Problem(nameOf("grid_width"), GridWidth, ArchitectureRanges.GridSide),
            GivenFeedForwardWidth is { } width ? ArchitectureRanges.Problem(nameOf("feed_forward_width"), width, ArchitectureRanges.FeedForwardWidth) : null,
            RopeBase > 0 && float.IsFinite(RopeBase) ? null : FormattableString.Invariant($"{nameOf("rope_base")} is {RopeBase}, expected more than 0"),
            NormEpsilon > 0 && float.IsFinite(NormEpsilon)
                ? null : FormattableString.Invariant($"{nameOf("norm_epsilon")} is {NormEpsilon}, expected more than 0"),
            Dropout is >= 0 and < 1 ? null : FormattableString.Invariant($"{nameOf("dropout")} is {Dropout}, expected 0 to below 1"),
        ];
        return new TransformerSize(Width, Layers, Heads) { FeedForwardMultiple = FeedForwardMultiple }.Problems(nameOf).Concat(problems.OfType<string>());
    }

    internal static int RoundedFeedForwardWidth(int width, int multiple) => ((2 * 4 * width / 3) + multiple - 1) / multiple * multiple;
}
