using CtfService.Model.Layers;

namespace CtfService.Model.Tokenizer;

/// <summary>
/// Architecture of the VQ tokenizer (LlamaGen's VQGAN variant). Saved with the weights. Published sizes: <see cref="Vq16"/>, <see cref="Vq8"/>.
/// </summary>
public sealed record TokenizerConfig
{
    /// <summary>Groups of every group norm: all widths are multiples of it.</summary>
    private const int NormGroups = 32;

    /// <summary>LlamaGen VQ-16: image side / 16 = grid side.</summary>
    public static TokenizerConfig Vq16 { get; } = new() { EncoderMultipliers = [1, 1, 2, 2, 4], DecoderMultipliers = [1, 1, 2, 2, 4] };

    /// <summary>LlamaGen VQ-8: image side / 8 = grid side.</summary>
    public static TokenizerConfig Vq8 { get; } = new() { EncoderMultipliers = [1, 2, 2, 4], DecoderMultipliers = [1, 2, 2, 4] };

    /// <summary>Channels of the first level; a multiple of 32, the number of norm groups.</summary>
    public int BaseWidth { get; init; } = 128;

    /// <summary>Width of each encoder level over <see cref="BaseWidth"/>; every level but the last halves the sides.</summary>
    public required IReadOnlyList<int> EncoderMultipliers { get; init; }

    /// <summary>Width of each decoder level over <see cref="BaseWidth"/>, shallowest first as in the encoder.</summary>
    public required IReadOnlyList<int> DecoderMultipliers { get; init; }

    /// <summary>Residual blocks per encoder level; decoder levels have one more.</summary>
    public int ResidualBlocks { get; init; } = 2;

    /// <summary>Channels between encoder and quantiser (z_channels).</summary>
    public int LatentWidth { get; init; } = 256;

    /// <summary>K: number of codewords.</summary>
    public int CodebookSize { get; init; } = 16384;

    /// <summary>Dimensions of a codeword (e).</summary>
    public int CodewordWidth { get; init; } = 8;

    /// <summary>Whether latents and codewords are scaled to unit length wherever they are used.</summary>
    public bool NormalizeCodewords { get; init; } = true;

    /// <summary>Whether the weights hold a history of used tokens (<c>quantize.codebook_used</c>).</summary>
    public bool TracksUsage { get; init; } = true;

    /// <summary>Weight of the commitment loss (beta).</summary>
    public float CommitmentWeight { get; init; } = 0.25f;

    /// <summary>Weight of the entropy loss.</summary>
    public float EntropyWeight { get; init; }

    /// <summary>
    /// Side of the pixel blocks folded into channels before the first convolution and unfolded after the last; 1 is LlamaGen.
    /// 2 makes a small model four times cheaper at full resolution (docs/adr/0004).
    /// </summary>
    public int PatchSize { get; init; } = 1;

    /// <summary>Image side over grid side.</summary>
    public int DownsampleFactor => PatchSize << (EncoderMultipliers.Count - 1);

    /// <summary>Everything that cannot be built as it is, one sentence each; empty if the architecture is sound.</summary>
    /// <param name="nameOf">What a setting is called in the messages; its argument is the setting's name in files, such as <c>base_width</c>.</param>
    public IEnumerable<string> Problems(Func<string, string> nameOf)
    {
        IEnumerable<string?> problems =
        [
            ArchitectureRanges.Width.Contains(BaseWidth) && BaseWidth % NormGroups == 0
                ? null
                : $"{nameOf("base_width")} is {BaseWidth}, expected a multiple of {NormGroups}, the number of norm groups, "
                    + $"such as {ArchitectureRanges.Multiples(Math.Max(BaseWidth, 0), NormGroups)}",
            .. MultiplierProblems(nameOf("encoder_multipliers"), EncoderMultipliers),
            .. DecoderMultipliers.SequenceEqual(EncoderMultipliers) ? [] : MultiplierProblems(nameOf("decoder_multipliers"), DecoderMultipliers),
            EncoderMultipliers.Count == DecoderMultipliers.Count
                ? null
                : $"{nameOf("encoder_multipliers")} has {EncoderMultipliers.Count} levels and "
                    + $"{nameOf("decoder_multipliers")} {DecoderMultipliers.Count}, expected as many",
            ArchitectureRanges.Problem(nameOf("residual_blocks"), ResidualBlocks, ArchitectureRanges.Layers),
            ArchitectureRanges.Problem(nameOf("latent_width"), LatentWidth, ArchitectureRanges.Width),
            ArchitectureRanges.Problem(nameOf("codebook_size"), CodebookSize, ArchitectureRanges.Vocabulary),
            ArchitectureRanges.Problem(nameOf("codeword_width"), CodewordWidth, ArchitectureRanges.Width),
            ArchitectureRanges.Problem(nameOf("patch_size"), PatchSize, ArchitectureRanges.PatchSize),
        ];
        return problems.OfType<string>();
    }

    /// <summary>What is wrong with images of a side, for a sound architecture; null if they can be encoded.</summary>
    /// <param name="name">What the side is called in the message.</param>
    /// <param name="side">Pixels.</param>
    public string? SideProblem(string name, int side)
    {
        var factor = (long)PatchSize << (EncoderMultipliers.Count - 1);
        return side % factor == 0 && ArchitectureRanges.GridSide.Contains((int)(side / factor))
            ? null
            : $"{name} is {side}, expected a multiple of {factor}, the number of pixels along a side that become one token, "
                + $"such as {ArchitectureRanges.Multiples(side, factor)}";
    }

    private static IEnumerable<string> MultiplierProblems(string name, IReadOnlyList<int> multipliers)
    {
        if (!ArchitectureRanges.Levels.Contains(multipliers.Count))
        {
            yield return $"{name} has {multipliers.Count} levels, expected {ArchitectureRanges.Levels}";
        }

        foreach (var multiplier in multipliers.Where(multiplier => !ArchitectureRanges.Multiplier.Contains(multiplier)))
        {
            yield return $"{name} holds {multiplier}, expected {ArchitectureRanges.Multiplier} each";
        }
    }
}
