using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Model.Tokenizer;
using CtfService.Training.Data.Formats;
using CtfService.Training.Parts;
using CtfService.Training.Tokens;

namespace CtfService.Cli.Commands.Train;

/// <summary><c>ctf tokenize</c>: computes the tokens of a data set once, for train-coarse and train-fine.</summary>
internal static class TokenizeCommand
{
    public static Command Create(Terminal terminal)
    {
        var data = CommandOption.Required("--data", TrainingArguments.DataDescription);
        var runFolder = TrainingArguments.RunOption();
        var imageSize = TrainingArguments.ImageSizeOption();
        var maxPixels = MaxPixelsOption.Create();
        var classNames = ClassNamesOption.Create();
        var crops = CommandOption.Choice(
            "--crops",
            "Crops of each training image: 'mirror' is the centre and its mirror image, 'ten' the corners and the centre of a larger image and their mirror "
                + "images. Test images always have the first:",
            ImageCrops.Mirror);
        var splits = new Option<string[]>("--splits")
        {
            Description = "Splits of the data set.",
            DefaultValueFactory = _ => [ImageDatasetReader.TrainSplit, ImageDatasetReader.TestSplit],
            AllowMultipleArgumentsPerToken = true,
            Arity = ArgumentArity.OneOrMore,
        };
        splits.AcceptOnlyFromAmong(ImageDatasetReader.TrainSplit, ImageDatasetReader.TestSplit);
        var compute = new ComputeOptions("VQ encode", usesBfloat16: false);
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace tokens of the run that were made from other inputs." };
        var command = new Command(
            "tokenize", "Computes the tokens of all images once, as safetensors shards; continues where it was stopped; prints JSON.")
        {
            data, classNames, runFolder, imageSize, maxPixels, crops, splits, overwrite,
        };
        compute.AddTo(command);
        command.SetAction((arguments, cancellation) =>
        {
            TorchThreads.UseAllCores();
            var folder = new RunFolder(arguments.GetRequiredValue(runFolder));
            folder.Require(folder.Tokenizer);
            using var tokenizer = ModelFile.Load<VqTokenizer, TokenizerConfig>(
                folder.Tokenizer, config => new VqTokenizer(config), compute.DeviceOf(arguments));
            using var held = folder.Lock();
            var side = new RunValidator(terminal.Error.WriteLine).ImageSize(
                folder.Tokenizer, arguments.GetValue(imageSize), TrainingArguments.UsualImageSize);
            UsageException.ThrowIfAny([tokenizer.Config.SideProblem("--image-size", side)]);
            var (path, pixels, names) = (arguments.GetRequiredValue(data), arguments.GetValue(maxPixels), arguments.GetValue(classNames));
            TokenizedImages Images(string split) => TokenizedImages.Of(path, split, side, pixels, names, cancellation) with
            {
                Crops = split == ImageDatasetReader.TrainSplit ? arguments.GetValue(crops) : ImageCrops.Mirror,
                UseBfloat16 = compute.UsesBfloat16(arguments),
            };
            var ofSplits = arguments.GetRequiredValue(splits).Distinct(StringComparer.Ordinal).Select(split => (Split: split, Images: Images(split))).ToList();
            foreach (var (split, images) in ofSplits)
            {
                if (arguments.GetValue(overwrite))
                {
                    Tokenization.DeleteOthers(folder.Tokens(split), tokenizer, images);
                }

                Tokenization.RequireSame(folder.Tokens(split), tokenizer, images);
            }

            var tokens = new RunTokens(terminal, folder, tokenizer);
            foreach (var (split, images) in ofSplits)
            {
                using var set = tokens.Compute(split, images, cancellation);
                ReportJson.Write(terminal.Output, new
                {
                    Split = split,
                    Rows = set.ClassIds.Count,
                    TokensPerRow = set.Positions,
                    Classes = set.ClassNames.Count,
                    Folder = folder.Tokens(split),
                });
            }
        });
        return command;
    }
}
