using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Model.Layers;
using CtfService.Model.Tokenizer;
using CtfService.Training.Data;
using CtfService.Training.Tokenizer;

namespace CtfService.Cli.Commands.Train;

/// <summary><c>ctf train-tokenizer</c>: images to a VQ tokenizer.</summary>
internal static class TrainTokenizerCommand
{
    public static Command Create(Terminal terminal)
    {
        var training = new TrainingArguments(RunFolder.TokenizerPart, steps: 3000, batchSize: 16, learningRate: 6e-4);
        var architecture = new TokenizerArguments();
        var maxShift = CommandOption.Number("--max-shift", "Largest random shift, pixels; what comes in is white.", 3, NumberRange.Between(0, 16_384));
        var command = new Command("train-tokenizer", "Trains the VQ tokenizer that turns images into tokens and back.") { maxShift };
        training.AddTo(command);
        architecture.AddTo(command);
        command.SetAction((arguments, cancellation) =>
        {
            TorchThreads.UseAllCores();
            var run = training.Run(arguments, new Augmentation { HorizontalFlip = true, MaxShift = arguments.GetValue(maxShift) });
            var config = architecture.Config(arguments);
            var side = training.AskedImageSize(arguments) ?? run.ResumedFrom?.PixelsOfImages ?? TrainingArguments.UsualImageSize;
            UsageException.ThrowIfAny(
            [
                .. TokenizerArguments.Problems(config, side),
                arguments.GetValue(maxShift) < side
                    ? null
                    : $"--max-shift is {arguments.GetValue(maxShift)}, expected less than the {side} pixels of --image-size",
            ]);
            using var held = training.Folder(arguments).Lock();
            run.RequireStart(TokenizerTraining.ResultName);
            run = run with { Data = training.Fingerprint(arguments, "train", cancellation) };
            var train = training.Dataset(arguments, side, "train", cancellation);
            var test = training.Dataset(arguments, side, "test", cancellation);
            SkippedImages.Report(train, terminal);
            SkippedImages.Report(test, terminal);
            return Task.FromResult(ConsoleProgress.Run(terminal, "tokenizer", progress =>
            {
                TokenizerTraining.Run(train, test, config, run, progress, cancellation);
                return ExitCode.Success;
            }));
        });
        return command;
    }
}

/// <summary>Options for the tokenizer's architecture.</summary>
internal sealed class TokenizerArguments
{
    private readonly Option<int> _baseWidth = CommandOption.Number(
        "--base-width", "Channels of the first level, a multiple of 32.", 32, ArchitectureRanges.Width);

    private readonly Option<int[]> _multipliers = CommandOption.Numbers(
        "--multipliers", "Width of each level over the base width; each level after the first halves the sides.", [1, 3, 4], ArchitectureRanges.Multiplier);

    private readonly Option<int> _residualBlocks = CommandOption.Number(
        "--residual-blocks", "Residual blocks per encoder level; decoder levels have one more.", 1, ArchitectureRanges.Layers);

    private readonly Option<int> _patchSize = CommandOption.Number(
        "--patch-size", "Side of the pixel blocks folded into channels first; 1 is LlamaGen's architecture.", 2, ArchitectureRanges.Multiplier);

    private readonly Option<int> _codebookSize = CommandOption.Number("--codebook-size", "Number of codewords.", 4096, ArchitectureRanges.Vocabulary);

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _baseWidth, _multipliers, _residualBlocks, _patchSize, _codebookSize })
        {
            command.Options.Add(option);
        }
    }

    /// <summary>What does not fit, in the words of the command line: in the architecture, or between it and the side of the images.</summary>
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
