using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Model.Clusters;
using CtfService.Model.Layers;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using CtfService.Training.Data;
using CtfService.Training.Optimization;
using CtfService.Training.Progress;
using CtfService.Training.Transformer;

namespace CtfService.Cli.Commands;

/// <summary><c>ctf train-coarse</c> and <c>ctf train-fine</c>: tokens to the transformers of both stages.</summary>
internal static class TrainStageCommands
{
    private delegate void Trainer(StageInputs inputs, TransformerSize size, TrainingRun run, ITrainingProgress progress, CancellationToken cancellation);

    public static Command CreateCoarse(Terminal terminal) => Create(
        terminal, "train-coarse", "Trains stage 1, the causal transformer over coarse labels.", RunFolder.CoarsePart, steps: 4000, TransformerTraining.TrainCoarse);

    public static Command CreateFine(Terminal terminal) => Create(
        terminal, "train-fine", "Trains stage 2, the transformer that predicts every token from all coarse labels.", RunFolder.FinePart, steps: 3000,
        (inputs, size, run, progress, cancellation) => TransformerTraining.TrainFine(inputs, size, FineHead.Cluster, run, progress, cancellation));

    private static Command Create(Terminal terminal, string name, string description, string part, int steps, Trainer train)
    {
        var training = new TrainingArguments(part, steps, batchSize: 32, learningRate: 1e-3);
        var width = CommandOption.Number("--width", "Width of the transformer, a multiple of 4 times the heads.", 256, ArchitectureRanges.Width);
        var layers = CommandOption.Number("--layers", "Number of blocks.", 6, ArchitectureRanges.Layers);
        var heads = CommandOption.Number("--heads", "Attention heads.", 8, ArchitectureRanges.Width);
        var command = new Command(name, description) { width, layers, heads };
        training.AddTo(command);
        command.SetAction((arguments, cancellation) =>
        {
            var size = new TransformerSize(arguments.GetValue(width), arguments.GetValue(layers), arguments.GetValue(heads));
            UsageException.ThrowIfAny(size.Problems(name => $"--{name}"));
            TorchThreads.UseAllCores();
            using var inputs = Inputs(arguments, training, cancellation);
            return Task.FromResult(ConsoleProgress.Run(terminal, part, progress =>
            {
                train(inputs, size, training.Run(arguments, Augmentation.None), progress, cancellation);
                return CommandLine.Success;
            }));
        });
        return command;
    }

    private static StageInputs Inputs(ParseResult arguments, TrainingArguments training, CancellationToken cancellation)
    {
        var folder = training.Folder(arguments);
        UsageException.ThrowIfAny([ModelFile.Config<TokenizerConfig>(folder.Tokenizer).SideProblem("--image-size", training.ImageSize(arguments))]);
        var tokenizer = ModelFile.Load<VqTokenizer, TokenizerConfig>(folder.Tokenizer, config => new VqTokenizer(config));
        TokenCache Tokens(string split) => TokenCache.LoadOrCreate(
            folder.Tokens(split), folder.Tokenizer, tokenizer, () => training.Dataset(arguments, split, cancellation), cancellation);
        return new StageInputs(tokenizer, ClusterMap.Load(folder.ClusterMap), Tokens("train"), Tokens("test"));
    }
}
