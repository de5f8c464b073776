using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Training.Optimization;
using CtfService.Training.Tokenizer;

namespace CtfService.Cli.Commands.Train;

/// <summary><c>ctf import-tokenizer</c>: puts a published tokenizer into a run, in place of <c>train-tokenizer</c>.</summary>
internal static class ImportTokenizerCommand
{
    public static Command Create(Terminal terminal)
    {
        var file = new Argument<string>("file") { Description = "Weights of a VQ tokenizer of the LlamaGen family, such as vq_ds16_c2i.pt." };
        var runFolder = TrainingArguments.RunOption();
        var imageSize = CommandOption.Number(
            "--image-size",
            "Side of the images in pixels that later commands use unless they are told otherwise.",
            TokenizerImport.PublishedImageSize,
            TrainingRanges.ImageSide);
        var codewords = CodewordsOption.Create();
        var ema = new Option<bool>("--ema") { Description = "Use the averaged (EMA) weights of a training checkpoint." };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace the tokenizer of the run." };
        var command = new Command("import-tokenizer", "Puts a published VQ tokenizer into a run, in place of train-tokenizer; prints JSON.")
        {
            file, runFolder, imageSize, codewords, ema, overwrite,
        };
        command.SetAction((arguments, _) =>
        {
            TorchThreads.UseAllCores();
            var folder = new RunFolder(arguments.GetRequiredValue(runFolder));
            var source = new TokenizerSource(
                arguments.GetRequiredValue(file),
                arguments.GetValue(imageSize),
                CodewordsOption.IsUnit(arguments, codewords),
                arguments.GetValue(ema),
                arguments.GetValue(overwrite));
            using var held = folder.Lock();
            var recognized = TokenizerImport.Run(source, Path.GetDirectoryName(folder.Tokenizer)!);
            foreach (var fact in recognized.Inferred)
            {
                terminal.Error.WriteLine(fact);
            }

            var config = recognized.Config;
            ReportJson.Write(terminal.Output, new
            {
                Architecture = recognized.PublishedName ?? "no published size",
                config.CodebookSize,
                config.CodewordWidth,
                PixelsPerToken = config.DownsampleFactor,
                source.ImageSize,
                Grid = source.ImageSize / config.DownsampleFactor,
                File = folder.Tokenizer,
            });
        });
        return command;
    }
}
