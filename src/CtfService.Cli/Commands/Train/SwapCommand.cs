using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Model.Clusters;
using CtfService.Model.Imaging;
using CtfService.Model.Layers;
using CtfService.Model.Storage;
using CtfService.Model.Tokenizer;
using CtfService.Training.Classification;
using CtfService.Training.Clusters;
using CtfService.Training.Parts;
using static TorchSharp.torch;

namespace CtfService.Cli.Commands.Train;

/// <summary><c>ctf swap</c>: measures how images change if every token is replaced by a random member of its cluster.</summary>
internal static class SwapCommand
{
    private const int PictureRows = 8;

    public static Command Create(Terminal terminal)
    {
        var runFolder = TrainingArguments.RunOption();
        var clusters = CommandOption.Numbers("--clusters", "Numbers of clusters.", [32, 64, 128, 256, 512, 1024], Ranges.Clusters);
        var classifier = new Option<string?>("--classifier") { Description = "Classifier file of 'ctf train-classifier'; its agreement is measured too." };
        var picture = new Option<string?>("--picture")
        {
            Description = "Also write a PNG file: original, reconstruction, then a column per number of clusters, first k-means, then random.",
        };
        var seed = CommandOption.Seed();
        var overwrite = OverwriteOption.Create();
        var images = new SwapArguments(needsData: true);
        var command = new Command("swap", "Replaces tokens with random members of their clusters and measures how images change; prints JSON.")
        {
            runFolder, clusters, classifier, picture, seed, overwrite,
        };
        images.AddTo(command);
        command.SetAction((arguments, cancellation) =>
        {
            TorchThreads.UseAllCores();
            using var frozen = no_grad();
            using var mixed = new Autocast(images.Compute.ComputeType(arguments));
            var device = images.Compute.DeviceOf(arguments);
            var file = arguments.GetValue(picture) is { } named ? OutputPath.File(picture.Name, named) : null;
            if (file is not null)
            {
                OverwriteOption.RequireFree(picture.Name, file, arguments.GetValue(overwrite));
            }

            var folder = new RunFolder(arguments.GetRequiredValue(runFolder));
            var tokenizerPath = folder.Tokenizer;
            folder.Require(tokenizerPath);
            var config = ModelFile.Config<TokenizerConfig>(tokenizerPath);
            var counts = Counts(arguments, clusters, config.CodebookSize);
            UsageException.ThrowIfAny(
            [
                images.SideProblem(arguments, tokenizerPath, config),
                .. counts.Select(count => Ranges.ClustersProblem(count, config.CodebookSize)),
            ]);
            using var tokenizer = ModelFile.Load<VqTokenizer, TokenizerConfig>(tokenizerPath, config => new VqTokenizer(config), device);
            using var codewords = tokenizer.Quantizer.Codewords();
            using var judge = arguments.GetValue(classifier) is { } path ? ClassifierFile.Load(path, device) : null;
            using var study = new SwapStudy(
                tokenizer, images.Images(arguments, tokenizerPath, terminal, cancellation), arguments.GetValue(images.ImageCount), judge);
            var (ofSeed, maps, lines) = (arguments.GetValue(seed), new List<ClusterMap>(), new List<object>());
            void Measure(string kind, ClusterMap map)
            {
                cancellation.ThrowIfCancellationRequested();
                maps.Add(map);
                lines.Add(new { Kind = kind, Swaps = study.Measure(map, ofSeed) });
            }

            counts.ForEach(count => Measure("kmeans", ClusterMap.Compute(codewords, count, ofSeed)));
            counts.ForEach(count => Measure("random", ClusterMap.Random(codewords, count, ofSeed)));
            if (file is not null)
            {
                AtomicFile.WriteBytes(file, ImageCodec.Encode(study.Picture(maps, ofSeed, PictureRows), ImageFormat.Png));
            }

            ReportJson.Write(terminal.Output, new { Images = study.ImageCount, study.ReconstructionError, Lines = lines });
        });
        return command;
    }

    /// <summary>Returns the numbers that the user names; otherwise the defaults that do not exceed the codebook.</summary>
    private static List<int> Counts(ParseResult arguments, Option<int[]> clusters, int codewords) =>
        [.. arguments.GetRequiredValue(clusters).Distinct().Where(count => count <= codewords || arguments.GetResult(clusters) is { Implicit: false })];
}
