using CtfService.Model.Layers;

namespace CtfService.Model.Tokenizer;

/// <summary>
/// The architecture of the VQ tokenizer (LlamaGen's VQGAN variant), saved with the weights. Published sizes: <see cref="Vq16"/>, <see cref="Vq8"/>.
/// </summary>
public sealed record TokenizerConfig
{
    /// <summary>The number of groups of every group norm; all widths are multiples of it.</summary>
    private const int NormGroups = 32;

    /// <summary>LlamaGen VQ-16: image side / 16 = grid side.</summary>
    public static TokenizerConfig Vq16 { get; } = new() { EncoderMultipliers = [1, 1, 2, 2, 4], DecoderMultipliers = [1, 1, 2, 2, 4] };

    /// <summary>LlamaGen VQ-8: image side / 8 = grid side.</summary>
    public static TokenizerConfig Vq8 { get; } = new() { EncoderMultipliers = [1, 2, 2, 4], DecoderMultipliers = [1, 2, 2, 4] };

    /// <summary>The channels of the first level; a multiple of 32, the number of norm groups.</summary>
    public int BaseWidth { get; init; } = 128;

    /// <summary>The width of each encoder level as a multiple of <see cref="BaseWidth"/>. Every level except the last halves the resolution.</summary>
    public required IReadOnlyList<int> EncoderMultipliers { get; init; }

    /// <summary>The width of each decoder level as a multiple of <see cref="BaseWidth"/>, shallowest first as in the encoder.</summary>
    public required IReadOnlyList<int> DecoderMultipliers { get; init; }

    /// <summary>Residual blocks per encoder level; decoder levels have one more.</summary>
    public int ResidualBlocks { get; init; } = 2;

    /// <summary>The channels between encoder and quantiser (z_channels).</summary>
    public int LatentWidth { get; init; } = 256;

    /// <summary>K: the number of codewords.</summary>
    public int CodebookSize { get; init; } = 16384;

    /// <summary>e: the dimensions of a codeword.</summary>
    public int CodewordWidth { get; init; } = 8;

    /// <summary>True if latents and codewords are scaled to unit length at every use.</summary>
    public bool NormalizeCodewords { get; init; } = true;

    /// <summary>True if the weights include a history of used tokens (<c>quantize.codebook_used</c>).</summary>
    public bool TracksUsage { get; init; } = true;

    /// <summary>The weight of the commitment loss (beta).</summary>
    public float CommitmentWeight { get; init; } = 0.25f;

    /// <summary>The weight of the entropy loss.</summary>
    public float EntropyWeight { get; init; }

    /// <summary>
    /// The side of the pixel blocks that are folded into channels before the first convolution and unfolded after the last. LlamaGen uses 1;
    /// 2 makes a small model four times cheaper at full resolution (docs/adr/0004).
    /// </summary>
    public int PatchSize { get; init; } = 1;

    /// <summary>The side of an image divided by the side of its token grid.</summary>
    public int DownsampleFactor => PatchSize << (EncoderMultipliers.Count - 1);

    /// <summary>Finds everything that prevents the architecture from being built, one clause per problem; empty if it is valid.</summary>
    /// <param name="nameOf">Returns the name of a setting for messages; its argument is the name in files, such as <c>base_width</c>.</param>
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
                    + $"{nameOf("decoder_multipliers")} {DecoderMultipliers.Count}, expected the same number",
            ArchitectureRanges.Problem(nameOf("residual_blocks"), ResidualBlocks, ArchitectureRanges.Layers),
            ArchitectureRanges.Problem(nameOf("latent_width"), LatentWidth, ArchitectureRanges.Width),
            ArchitectureRanges.Problem(nameOf("codebook_size"), CodebookSize, ArchitectureRanges.Vocabulary),
            ArchitectureRanges.Problem(nameOf("codeword_width"), CodewordWidth, ArchitectureRanges.Width),
            ArchitectureRanges.Problem(nameOf("patch_size"), PatchSize, ArchitectureRanges.PatchSize),
        ];
        return problems.OfType<string>();
    }

    /// <summary>Returns the problem with images of this size, or null if they can be encoded. Requires a valid architecture.</summary>
    /// <param name="name">The name of the side for the message.</param>
    /// <param name="side">The side in pixels.</param>
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
            yield return $"{name} contains {multiplier}, expected {ArchitectureRanges.Multiplier} each";
        }
    }
}
