using System.CommandLine;
using System.Globalization;
using CtfService.Core.Generation;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using CtfService.Training.Data;
using CtfService.Training.Optimization;
using static TorchSharp.torch;

namespace CtfService.Cli.Commands;

/// <summary><c>ctf bundle</c>: packs a finished run into a bundle that the service loads, weights in half precision.</summary>
internal static class BundleCommand
{
    /// <summary>A training record, not a weight that serving needs; its token ids would not survive half precision either.</summary>
    private const string UsageHistory = "quantize.codebook_used";

    public static Command Create(Terminal terminal)
    {
        var runFolder = TrainingArguments.RunOption();
        var output = CommandOption.WithDefault("--output", "Folder of the bundle.", Path.Combine("models", "fruits-64"));
        var name = CommandOption.WithDefault("--name", "Name that callers use.", "fruits-64");
        var licence = CommandOption.WithDefault("--data-licence", "Licence of the training images.", "unknown");
        var guidance = CommandOption.WithDefault("--guidance-scale", "Default guidance of the coarse stage.", 1.5f);
        var temperature = CommandOption.WithDefault("--temperature", "Default temperature of the coarse stage.", 1f);
        var note = CommandOption.WithDefault("--note", "How the model was trained, for the manifest.", "");
        var command = new Command("bundle", "Packs a finished run into a bundle that the service loads.") { runFolder, output, name, licence, guidance, temperature, note };
        command.SetAction((arguments, _) =>
        {
            var sampling = new SamplingDefaults(new SamplingSettings(arguments.GetValue(temperature), GuidanceScale: arguments.GetValue(guidance)), new SamplingSettings());
            var training = new Dictionary<string, string> { ["note"] = arguments.GetRequiredValue(note), ["date"] = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) };
            var bundle = Write(new RunFolder(arguments.GetRequiredValue(runFolder)), arguments.GetRequiredValue(output), arguments.GetRequiredValue(name), sampling, training, arguments.GetRequiredValue(licence));
            ReportJson.Write(terminal.Output, new { bundle.Directory, bundle.Hash, Bytes = bundle.Manifest.Files.Sum(file => file.Bytes) });
            return Task.FromResult(CommandLine.Success);
        });
        return command;
    }

    private static Bundle Write(RunFolder run, string directory, string name, SamplingDefaults sampling, Dictionary<string, string> training, string licence)
    {
        Directory.CreateDirectory(directory);
        SaveHalf(run.BundledTokenizer, Path.Combine(directory, BundleFiles.Tokenizer));
        SaveHalf(run.Coarse, Path.Combine(directory, BundleFiles.Coarse));
        SaveHalf(run.Fine, Path.Combine(directory, BundleFiles.Fine));
        var tokenizer = ModelFile.Config<TokenizerConfig>(run.Tokenizer) with { TracksUsage = false };
        var coarse = ModelFile.Config<TransformerConfig>(run.Coarse);
        return BundleWriter.Write(
            directory,
            new BundleManifest
            {
                Name = name,
                ImageWidth = coarse.GridWidth * tokenizer.DownsampleFactor,
                ImageHeight = coarse.GridHeight * tokenizer.DownsampleFactor,
                ClassLabels = TokenCache.Load(run.Tokens("train")).ClassNames,
                ClusterCount = ClusterMap.Load(run.ClusterMap).ClusterCount,
                Tokenizer = tokenizer,
                Coarse = coarse,
                Fine = ModelFile.Config<TransformerConfig>(run.Fine),
                Sampling = sampling,
                Training = training,
                DataLicence = licence,
            },
            new Dictionary<string, string> { [BundleFiles.ClusterMap] = run.ClusterMap });
    }

    private static void SaveHalf(string source, string target)
    {
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(source);
        SafetensorsWriter.Write(target, file.Entries.Where(entry => entry.Name != UsageHistory).Select(entry => (entry.Name, file.Read(entry.Name))), castFloatingTo: ScalarType.Float16);
    }
}
