using System.CommandLine;
using System.Globalization;
using CtfService.Cli.Commands.Options;
using CtfService.Core.Generation;
using CtfService.Model.Bundles;
using CtfService.Training.Data;
using CtfService.Training.Packing;

namespace CtfService.Cli.Commands;

/// <summary><c>ctf bundle</c>: packs a finished run into a bundle that the service loads.</summary>
internal static class BundleCommand
{
    public static Command Create(Terminal terminal)
    {
        var runFolder = TrainingArguments.RunOption();
        var output = CommandOption.WithDefault("--output", "Folder of the bundle.", Path.Combine("models", "fruits-64"));
        var name = CommandOption.WithDefault("--name", "Name that callers use.", "fruits-64");
        var licence = CommandOption.WithDefault("--data-licence", "Licence of the training images.", "unknown");
        var guidance = CommandOption.Number("--guidance-scale", "Default guidance of the coarse stage.", 1.5f, SamplingSettings.GuidanceScaleRange);
        var temperature = CommandOption.Number("--temperature", "Default temperature of the coarse stage.", 1f, SamplingSettings.TemperatureRange);
        var note = CommandOption.WithDefault("--note", "How the model was trained, for the manifest.", "");
        var command = new Command("bundle", "Packs a finished run into a bundle that the service loads.")
        {
            runFolder, output, name, licence, guidance, temperature, note,
        };
        command.SetAction((arguments, _) =>
        {
            var coarse = new SamplingSettings(arguments.GetValue(temperature), GuidanceScale: arguments.GetValue(guidance));
            var training = new Dictionary<string, string>
            {
                ["note"] = arguments.GetRequiredValue(note),
                ["date"] = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            };
            var run = new RunFolder(arguments.GetRequiredValue(runFolder));
            var parts = new TrainedParts(run.BundledTokenizer, run.ClusterMap, run.Coarse, run.Fine);
            var text = new BundleText(
                arguments.GetRequiredValue(name),
                TokenCache.Load(run.Tokens("train")).ClassNames,
                new SamplingDefaults(coarse, new SamplingSettings()),
                training,
                arguments.GetRequiredValue(licence));
            var bundle = BundlePacker.Pack(parts, arguments.GetRequiredValue(output), text);
            ReportJson.Write(terminal.Output, new { bundle.Directory, bundle.Hash, Bytes = bundle.Manifest.Files.Sum(file => file.Bytes) });
            return Task.FromResult(CommandLine.Success);
        });
        return command;
    }
}
