using System.CommandLine;
using CtfService.Model.Tokenizer;
using CtfService.Training.Data;
using CtfService.Training.Tokenizer;

namespace CtfService.Cli.Commands;

/// <summary><c>ctf train-tokenizer</c>: images to a VQ tokenizer.</summary>
internal static class TrainTokenizerCommand
{
    private static readonly Option<int> BaseWidth = new("--base-width") { Description = "Channels of the first level, a multiple of 32.", DefaultValueFactory = _ => 64 };
    private static readonly Option<string> Multipliers = new("--multipliers") { Description = "Width of each level over the base width; each level after the first halves the sides.", DefaultValueFactory = _ => "1,2,2" };
    private static readonly Option<int> ResidualBlocks = new("--residual-blocks") { Description = "Residual blocks per encoder level; decoder levels have one more.", DefaultValueFactory = _ => 1 };
    private static readonly Option<int> PatchSize = new("--patch-size") { Description = "Side of the pixel blocks folded into channels first; 1 for LlamaGen's architecture.", DefaultValueFactory = _ => 2 };
    private static readonly Option<int> CodebookSize = new("--codebook-size") { Description = "Number of codewords.", DefaultValueFactory = _ => 4096 };

    public static Command Create()
    {
        var training = new TrainingArguments(defaultRun: "runs/fruits-64/tokenizer", defaultSteps: 4000, defaultBatchSize: 16, defaultLearningRate: 5e-4);
        var command = new Command("train-tokenizer", "Train the VQ tokenizer that turns images into tokens and back.") { BaseWidth, Multipliers, ResidualBlocks, PatchSize, CodebookSize };
        training.AddTo(command);
        command.SetAction((arguments, cancellation) => Run(arguments, training, cancellation));
        return command;
    }

    private static Task<int> Run(ParseResult arguments, TrainingArguments training, CancellationToken cancellation)
    {
        var run = training.Run(arguments, new Augmentation { HorizontalFlip = true, MaxShift = 3 });
        int[] multipliers = [.. arguments.GetRequiredValue(Multipliers).Split(',').Select(int.Parse)];
        var config = new TokenizerConfig
        {
            BaseWidth = arguments.GetValue(BaseWidth),
            EncoderMultipliers = multipliers,
            DecoderMultipliers = multipliers,
            ResidualBlocks = arguments.GetValue(ResidualBlocks),
            LatentWidth = multipliers[^1] * arguments.GetValue(BaseWidth),
            CodebookSize = arguments.GetValue(CodebookSize),
            PatchSize = arguments.GetValue(PatchSize),
        };
        TokenizerTraining.Run(training.Dataset(arguments, "train", cancellation), training.Dataset(arguments, "test", cancellation), config, run, TrainingArguments.Progress(), cancellation);
        return Task.FromResult(0);
    }
}
