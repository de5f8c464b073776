using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Training.Data;
using CtfService.Training.Tokenizer;

namespace CtfService.Cli.Commands.Train;

/// <summary><c>ctf train-tokenizer</c>: trains a VQ tokenizer on images.</summary>
internal static class TrainTokenizerCommand
{
    public static Command Create(Terminal terminal)
    {
        var training = new TrainingArguments(RunFolder.TokenizerPart, steps: 3000, batchSize: 16, learningRate: 6e-4);
        var architecture = new TokenizerArguments();
        var maxShift = CommandOption.Number("--max-shift", "Largest random shift in pixels; the uncovered border is white.", 3, NumberRange.Between(0, 16_384));
        var command = new Command("train-tokenizer", "Trains the VQ tokenizer that turns images into tokens and back.") { maxShift };
        training.AddTo(command);
        architecture.AddTo(command);
        command.SetAction((arguments, cancellation) =>
        {
            TorchThreads.UseAllCores();
            var run = training.Run(arguments, new Augmentation { HorizontalFlip = true, MaxShift = arguments.GetValue(maxShift) });
            var config = architecture.Config(arguments);
            var side = training.RequestedImageSize(arguments) ?? run.ResumedFrom?.PixelsOfImages ?? TrainingArguments.UsualImageSize;
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
            var (train, test) = training.Splits(arguments, side, terminal, cancellation);
            using var unreadable = new UnreadableReport(terminal, train, test);
            ConsoleProgress.Run(terminal, "tokenizer", progress => TokenizerTraining.Run(train, test, config, run, progress, cancellation));
        });
        return command;
    }
}
