using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Model.Layers;
using CtfService.Model.Tokenizer;

namespace CtfService.Cli.Commands.Train;

/// <summary>The options for the architecture of the tokenizer.</summary>
internal sealed class TokenizerArguments
{
    private readonly Option<int> _baseWidth = CommandOption.Number(
        "--base-width", "Channels of the first level, a multiple of 32.", 32, ArchitectureRanges.Width);

    private readonly Option<int[]> _multipliers = CommandOption.Numbers(
        "--multipliers",
        "Width of each level, as a multiple of the base width; each level after the first halves the sides.",
        [1, 3, 4],
        ArchitectureRanges.Multiplier);

    private readonly Option<int> _residualBlocks = CommandOption.Number(
        "--residual-blocks", "Residual blocks per encoder level; decoder levels have one more.", 1, ArchitectureRanges.Layers);

    private readonly Option<int> _patchSize = CommandOption.Number(
        "--patch-size", "Side of the pixel blocks that are folded into channels first; 1 is LlamaGen's architecture.", 2, ArchitectureRanges.Multiplier);

    private readonly Option<int> _codebookSize = CommandOption.Number("--codebook-size", "Number of codewords.", 4096, ArchitectureRanges.Vocabulary);

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _baseWidth, _multipliers, _residualBlocks, _patchSize, _codebookSize })
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Returns what is wrong with the architecture, or with the side of the images for it, by the names of the options.</summary>
    public static IEnumerable<string?> Problems(TokenizerConfig config, int imageSize)
    {
        List<string?> problems = [.. config.Problems(OptionName)];
        return problems.Count > 0 ? problems : [config.SideProblem("--image-size", imageSize)];
    }

    private static string OptionName(string setting) => setting switch
    {
        "encoder_multipliers" => "--multipliers",
        "latent_width" => "--base-width times the last of --multipliers",
        _ => $"--{setting.Replace('_', '-')}",
    };

    public TokenizerConfig Config(ParseResult arguments)
    {
        var multipliers = arguments.GetRequiredValue(_multipliers);
        return new TokenizerConfig
        {
            BaseWidth = arguments.GetValue(_baseWidth),
            EncoderMultipliers = multipliers,
            DecoderMultipliers = multipliers,
            ResidualBlocks = arguments.GetValue(_residualBlocks),
            LatentWidth = multipliers[^1] * arguments.GetValue(_baseWidth),
            CodebookSize = arguments.GetValue(_codebookSize),
            PatchSize = arguments.GetValue(_patchSize),
        };
    }
}
