using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Model.Tokenizer;
using CtfService.Training.Data;
using CtfService.Training.Optimization;
using CtfService.Training.Parts;
using CtfService.Training.Tokenizer;

namespace CtfService.Cli.Commands.Train;

/// <summary><c>ctf refine-decoder</c>: trains the decoder of a finished tokenizer for sharper textures.</summary>
internal static class RefineDecoderCommand
{
    public static Command Create(Terminal terminal)
    {
        var training = new TrainingArguments(RunFolder.DecoderPart, steps: 3000, batchSize: 16, learningRate: 2e-4);
        var weight = CommandOption.Number(
            "--adversarial-weight",
            "Weight of the adversarial loss relative to the reconstruction error; a larger one is sharper and less faithful.",
            0.02,
            TrainingRanges.LossWeight);
        var classifier = new Option<string?>("--classifier")
        {
            Description = "Classifier file of 'ctf train-classifier' for a perceptual loss on its features; not the classifier that judges the result.",
        };
        var perceptualWeight = CommandOption.Number(
            "--perceptual-weight",
            "Weight of the perceptual loss relative to the reconstruction error.",
            DecoderRefinement.DefaultPerceptualWeight,
            TrainingRanges.LossWeight);
        var command = new Command(
            "refine-decoder", "Sharpens the decoder of a run's tokenizer against a discriminator; tokens, and models trained on them, stay valid.")
        {
            weight, classifier, perceptualWeight,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(perceptualWeight) is { Implicit: false } && result.GetResult(classifier) is null)
            {
                result.AddError("--perceptual-weight needs a classifier: name its file with --classifier.");
            }
        });
        training.AddTo(command);
        command.SetAction((arguments, cancellation) =>
        {
            TorchThreads.UseAllCores();
            var run = training.Run(arguments, new Augmentation { HorizontalFlip = true });
            var folder = training.Folder(arguments);
            folder.Require(folder.Tokenizer);
            var validator = new RunValidator(terminal.Error.WriteLine);
            var imageSize = validator.ImageSize(folder.Tokenizer, training.RequestedImageSize(arguments), TrainingArguments.UsualImageSize);
            UsageException.ThrowIfAny([ModelFile.Config<TokenizerConfig>(folder.Tokenizer).SideProblem("--image-size", imageSize)]);
            using var held = folder.Lock();
            run.RequireStart(TokenizerTraining.ResultName);
            run = run with { Data = training.Fingerprint(arguments, "train", cancellation) };
            validator.RequireImages(folder.Tokenizer, PartRecord.Of(PartRecord.Data, run.Data).With(PartRecord.ImageSize, imageSize), run.AcceptChanges);
            var (train, test) = training.Splits(arguments, imageSize, terminal, cancellation);
            using var unreadable = new UnreadableReport(terminal, train, test);
            var refinement = new DecoderRefinement(
                arguments.GetRequiredValue(weight),
                PerceptualPath: arguments.GetValue(classifier),
                PerceptualWeight: arguments.GetRequiredValue(perceptualWeight));
            ConsoleProgress.Run(
                terminal, "decoder", progress => TokenizerTraining.Refine(train, test, folder.Tokenizer, refinement, run, progress, cancellation));
        });
        return command;
    }
}
