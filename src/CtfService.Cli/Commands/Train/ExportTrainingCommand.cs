using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Models;
using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using CtfService.Training.Data.Formats;
using CtfService.Training.Export;
using CtfService.Training.Parts;
using CtfService.Training.Tokens;

namespace CtfService.Cli.Commands.Train;

/// <summary><c>ctf export-training</c>: writes a run for a trainer in PyTorch.</summary>
internal static class ExportTrainingCommand
{
    public static Command Create(Terminal terminal)
    {
        var runFolder = TrainingArguments.RunOption();
        var output = CommandOption.Required("--output", "Folder for code files, cluster map and configuration.");
        var size = CommandOption.Choice("--size", "Published size of the coarse stage:", PublishedTransformers.ShortNames, "B");
        var fineSize = CommandOption.Choice("--fine-size", "Published size of the fine stage:", PublishedTransformers.ShortNames, "L");
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace the export in the folder." };
        var command = new Command(
            "export-training", "Writes labels, tokens, cluster map and configuration of a run in the form that LlamaGen's PyTorch trainer reads; prints JSON.")
        {
            runFolder, output, size, fineSize, overwrite,
        };
        command.SetAction((arguments, cancellation) =>
        {
            var folder = new RunFolder(arguments.GetRequiredValue(runFolder));
            folder.Require(folder.Tokenizer, folder.ClusterMap);
            var target = OutputPath.Folder(output.Name, arguments.GetRequiredValue(output));
            if (!arguments.GetValue(overwrite) && Directory.EnumerateFileSystemEntries(target).Any())
            {
                throw new CheckpointException($"{target}: is not empty. Choose another --output, or add --overwrite to replace an export in it.");
            }

            using var held = folder.Lock();
            using var tokens = TokenSet.Open(folder.Tokens(ImageDatasetReader.TrainSplit));
            using var tokenizer = ModelFile.Load<VqTokenizer, TokenizerConfig>(folder.Tokenizer, config => new VqTokenizer(config));
            var map = ClusterMap.Load(folder.ClusterMap);
            RunValidator.RequireMap(folder.ClusterMap, map, tokenizer);
            var sizes = new ExportedSizes(arguments.GetRequiredValue(size), arguments.GetRequiredValue(fineSize));
            ConsoleProgress.Run(
                terminal, "export", progress => TrainingExport.Write(target, tokens, map, sizes, progress, cancellation));
            ReportJson.Write(terminal.Output, new
            {
                tokens.Images,
                Crops = tokens.CropCount,
                map.ClusterCount,
                map.CodebookSize,
                Configuration = Path.Combine(target, TrainingExport.ConfigurationName),
            });
        });
        return command;
    }
}
