using System.CommandLine;
using System.Diagnostics;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Model.Conversion;
using static TorchSharp.torch;

namespace CtfService.Cli.Commands.Bundles;

/// <summary><c>ctf convert</c>: makes a bundle from PyTorch or safetensors files of the LlamaGen family.</summary>
internal static class ConvertCommand
{
    private const string Stored = "stored";

    public static Command Create(Terminal terminal)
    {
        var tokenizer = CommandOption.Required("--tokenizer", "Weights of the VQ tokenizer, such as vq_ds16_c2i.pt.");
        var coarse = CommandOption.Required("--transformer", "Weights of the causal transformer, such as c2i_L_384.pt; with --fine, of the coarse stage.");
        var fine = new Option<string?>("--fine") { Description = "Weights of the fine stage, for a coarse-to-fine model instead of a plain one." };
        var map = new Option<string?>("--cluster-map")
        {
            Description = "Cluster of every token: a file of 'ctf cluster', or a PyTorch, safetensors or NumPy file with one integer tensor.",
        };
        var clusterSize = CommandOption.OptionalNumber(
            "--cluster-size", "Tokens per cluster, if --cluster-map holds an order of the tokens (as in IAR): cluster = position / size.", Ranges.Clusters);
        var clusters = CommandOption.OptionalNumber(
            "--clusters", "Number of clusters to compute by k-means on the codebook, instead of a --cluster-map.", Ranges.Clusters);
        var seed = CommandOption.Seed("--cluster-seed", "Seed of k-means.");
        var output = CommandOption.Required("--output", "Folder of the bundle.");
        var name = new Option<string?>("--name") { Description = "Name of the model in the API; if omitted, the name of the folder." };
        var imageSize = CommandOption.OptionalNumber(
            "--image-size",
            "Side of the images in pixels; if omitted, from the end of the transformer's file name (_256, _384), else 256.",
            NumberRange.Between(1, 16_384));
        var coarseHeads = CommandOption.Number(
            "--coarse-heads", "Heads of the coarse stage; 0 if it has a published size.", 0, NumberRange.Between(0, 65_536));
        var fineHeads = CommandOption.Number("--fine-heads", "Heads of the fine stage; 0 if it has a published size.", 0, NumberRange.Between(0, 65_536));
        var classNames = new Option<string?>("--class-names")
        {
            Description = "Text file with one class name per line; if omitted, those of ImageNet for 1,000 classes.",
        };
        var guidance = CommandOption.OptionalNumber(
            "--guidance-scale", "Default guidance scale; if omitted, the published one.", SamplingSettings.GuidanceScaleRange);
        var dtype = CommandOption.Choice(
            "--dtype", "Element type of the transformers in the bundle; 'stored' keeps that of the files:", [Stored, "float32", "bfloat16", "float16"], Stored);
        var codewords = CodewordsOption.Create();
        var ema = new Option<bool>("--ema") { Description = "Use the averaged (EMA) weights of training checkpoints." };
        var licence = new Option<string?>("--data-licence") { Description = "Licence of the training images." };
        var overwrite = OverwriteOption.Create();
        var command = new Command("convert", "Makes a bundle from weights of the LlamaGen family; prints what it inferred.")
        {
            tokenizer, coarse, fine, map, clusterSize, clusters, seed, output, name, imageSize, coarseHeads, fineHeads, classNames, guidance, dtype,
            codewords, ema, licence, overwrite,
        };
        command.SetAction((arguments, cancellation) =>
        {
            var folder = OutputPath.NewFolder(output.Name, arguments.GetRequiredValue(output));
            var started = Stopwatch.GetTimestamp();
            var report = BundleConverter.Convert(new ConversionRequest
            {
                TokenizerPath = arguments.GetRequiredValue(tokenizer),
                CoarsePath = arguments.GetRequiredValue(coarse),
                FinePath = arguments.GetValue(fine),
                ClusterMapPath = arguments.GetValue(map),
                ClusterSize = arguments.GetValue(clusterSize),
                Clusters = arguments.GetValue(clusters),
                ClusterSeed = arguments.GetValue(seed),
                OutputDirectory = folder,
                Overwrite = arguments.GetValue(overwrite),
                Name = arguments.GetValue(name) ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))),
                ImageSize = arguments.GetValue(imageSize),
                CoarseHeads = arguments.GetValue(coarseHeads),
                FineHeads = arguments.GetValue(fineHeads),
                ClassNamesPath = arguments.GetValue(classNames),
                GuidanceScale = arguments.GetValue(guidance),
                Dtype = arguments.GetValue(dtype) switch { "float32" => float32, "bfloat16" => bfloat16, "float16" => float16, _ => null },
                NormalizeCodewords = CodewordsOption.IsUnit(arguments, codewords),
                PreferEma = arguments.GetValue(ema),
                DataLicence = arguments.GetValue(licence),
            });
            foreach (var note in report.Notes)
            {
                terminal.Error.WriteLine(note);
            }

            var seconds = Math.Round(Stopwatch.GetElapsedTime(started).TotalSeconds, 2);
            var peak = PeakMemory.OfThisProcess(); // of the conversion
            var bundle = ExpectedImageCommand.RecordIn(report.Bundle, terminal, cancellation);
            ReportJson.Write(terminal.Output, new
            {
                bundle.Directory,
                bundle.Hash,
                Bytes = bundle.Manifest.Files.Sum(file => file.Bytes),
                Seconds = seconds,
                PeakMemoryBytes = peak,
            });
        });
        return command;
    }
}
