using System.CommandLine;
using System.Diagnostics;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Model.Conversion;
using static TorchSharp.torch;

namespace CtfService.Cli.Commands.Bundles;

/// <summary><c>ctf convert</c>: makes a bundle out of PyTorch or safetensors files of the LlamaGen family.</summary>
internal static class ConvertCommand
{
    private const string Stored = "stored";

    public static Command Create(Terminal terminal)
    {
        var tokenizer = CommandOption.Required("--tokenizer", "Weights of the VQ tokenizer, such as vq_ds16_c2i.pt.");
        var coarse = CommandOption.Required("--transformer", "Weights of the causal transformer, such as c2i_L_384.pt; with --fine the coarse stage.");
        var fine = new Option<string?>("--fine") { Description = "Weights of the fine stage: makes a coarse-to-fine model instead of a plain one." };
        var map = new Option<string?>("--cluster-map")
        {
            Description = "Cluster of every token: a file of `ctf cluster`, or any of PyTorch, safetensors or NumPy with one integer tensor.",
        };
        var clusterSize = CommandOption.OptionalNumber(
            "--cluster-size", "Tokens of a cluster, if --cluster-map holds an order of the tokens (IAR's files): cluster = place / size.", Ranges.Clusters);
        var clusters = CommandOption.OptionalNumber("--clusters", "Compute the cluster map: this many clusters by k-means over the codebook.", Ranges.Clusters);
        var seed = CommandOption.Seed("--cluster-seed", "Seed of k-means.");
        var output = CommandOption.Required("--output", "Folder of the bundle.");
        var name = new Option<string?>("--name") { Description = "Name that callers use; the folder's where not given." };
        var imageSize = CommandOption.OptionalNumber(
            "--image-size", "Pixels; from the end of the transformer's file name (_256, _384) or 256 if not given.", NumberRange.Between(1, 16_384));
        var coarseHeads = CommandOption.Number(
            "--coarse-heads", "Heads of a coarse stage of no published size; 0 if it has one.", 0, NumberRange.Between(0, 65_536));
        var fineHeads = CommandOption.Number("--fine-heads", "Heads of a fine stage of no published size; 0 if it has one.", 0, NumberRange.Between(0, 65_536));
        var classNames = new Option<string?>("--class-names") { Description = "Text file, one class name a line; ImageNet's for 1,000 classes where not given." };
        var guidance = CommandOption.OptionalNumber(
            "--guidance-scale", "Default guidance; the published one if not given.", SamplingSettings.GuidanceScaleRange);
        var dtype = CommandOption.WithDefault("--dtype", "Type to store transformers in: stored (as it is), float32, bfloat16 or float16.", Stored);
        dtype.AcceptOnlyFromAmong(Stored, "float32", "bfloat16", "float16");
        var ema = new Option<bool>("--ema") { Description = "Take the averaged weights of training checkpoints." };
        var licence = new Option<string?>("--data-licence") { Description = "Licence of the training images." };
        var overwrite = OverwriteOption.Create();
        var command = new Command("convert", "Makes a bundle out of weights of the LlamaGen family; prints what it inferred.")
        {
            tokenizer, coarse, fine, map, clusterSize, clusters, seed, output, name, imageSize, coarseHeads, fineHeads, classNames, guidance, dtype, ema,
            licence, overwrite,
        };
        command.SetAction((arguments, _) =>
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
                PreferEma = arguments.GetValue(ema),
                DataLicence = arguments.GetValue(licence),
            });
            foreach (var note in report.Notes)
            {
                terminal.Error.WriteLine(note);
            }

            ReportJson.Write(terminal.Output, new
            {
                report.Bundle.Directory,
                report.Bundle.Hash,
                Bytes = report.Bundle.Manifest.Files.Sum(file => file.Bytes),
                Seconds = Math.Round(Stopwatch.GetElapsedTime(started).TotalSeconds, 2),
                PeakMemoryBytes = PeakMemory.OfThisProcess(),
            });
        });
        return command;
    }
}
