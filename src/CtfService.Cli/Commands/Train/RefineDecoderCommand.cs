using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Shell;
using CtfService.Model.Tokenizer;
using CtfService.Training.Data;
using CtfService.Training.Optimization;
using CtfService.Training.Parts;
using CtfService.Training.Tokenizer;

namespace CtfService.Cli.Commands.Train;

/// <summary><c>ctf refine-decoder</c>: textures for the decoder of a trained tokenizer.</summary>
internal static class RefineDecoderCommand
{
    public static Command Create(Terminal terminal)
    {
        var training = new TrainingArguments(RunFolder.DecoderPart, steps: 3000, batchSize: 16, learningRate: 2e-4);
        var weight = CommandOption.Number(
            "--adversarial-weight",
            "How much looking real counts beside the reconstruction's error; more is sharper and less faithful.",
            0.02,
            TrainingRanges.LossWeight);
        var classifier = new Option<string?>("--classifier") { Description = "File of 'ctf train-classifier' whose features restored images should share, so that they look alike to it too; not the one that judges afterwards." };
        var perceptualWeight = CommandOption.Number(
            "--perceptual-weight",
            "How much those features count beside the reconstruction's error.",
            DecoderRefinement.DefaultPerceptualWeight,
            TrainingRanges.LossWeight);
        var command = new Command("refine-decoder", "Sharpens the decoder of the run's tokenizer against a discriminator. Tokens, and what was trained on them, keep their meaning.") { weight, classifier, perceptualWeight };
        command.Validators.Add(result =>
        {
            if (result.GetResult(perceptualWeight) is { Implicit: false } && result.GetResult(classifier) is null)
            {
                result.AddError("--perceptual-weight weighs the features of a classifier: name its file with --classifier.");
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
            var imageSize = validator.ImageSize(folder.Tokenizer, training.AskedImageSize(arguments), TrainingArguments.UsualImageSize);
            UsageException.ThrowIfAny([ModelFile.Config<TokenizerConfig>(folder.Tokenizer).SideProblem("--image-size", imageSize)]);
            using var held = folder.Lock();
            run.RequireStart(TokenizerTraining.ResultName);
            run = run with { Data = training.Fingerprint(arguments, "train", cancellation) };
            validator.RequireImages(folder.Tokenizer, PartRecord.Of(PartRecord.Data, run.Data).With(PartRecord.ImageSize, imageSize), run.AcceptChanges);
            var (train, test) = training.Splits(arguments, imageSize, terminal, cancellation);
            var refinement = new DecoderRefinement(
                arguments.GetRequiredValue(weight), PerceptualPath: arguments.GetValue(classifier), PerceptualWeight: arguments.GetRequiredValue(perceptualWeight));
            ConsoleProgress.Run(
                terminal, "decoder", progress => TokenizerTraining.Refine(train, test, folder.Tokenizer, refinement, run, progress, cancellation));
        });
        return command;
    }
}
