using System.CommandLine;
using System.Globalization;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Commands.Train;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Model.Bundles;
using CtfService.Model.Clusters;
using CtfService.Training.Data.Formats;
using CtfService.Training.Parts;
using CtfService.Training.Tokens;

namespace CtfService.Cli.Commands.Bundles;

/// <summary><c>ctf bundle</c>: packs a finished run into a bundle for the service.</summary>
internal static class BundleCommand
{
    public static Command Create(Terminal terminal)
    {
        var runFolder = TrainingArguments.RunOption();
        var output = new Option<string?>("--output")
        {
            Description = "Folder of the bundle; if omitted, a folder below models/ with the name of the run's folder.",
        };
        var name = new Option<string?>("--name") { Description = "Name of the model in the API; if omitted, the name of the run's folder." };
        var overwrite = OverwriteOption.Create();
        var licence = CommandOption.WithDefault("--data-licence", "Licence of the training images.", "unknown");
        var guidance = CommandOption.Number("--guidance-scale", "Default guidance scale of the coarse stage.", 1.5f, SamplingSettings.GuidanceScaleRange);
        var temperature = CommandOption.Number("--temperature", "Default temperature of the coarse stage.", 1f, SamplingSettings.TemperatureRange);
        var note = CommandOption.WithDefault("--note", "Note for the manifest on how the model was trained.", "");
        var command = new Command("bundle", "Packs a finished run into a bundle for the service.")
        {
            runFolder, output, name, overwrite, licence, guidance, temperature, note,
        };
        command.SetAction((arguments, cancellation) =>
        {
            var coarse = new SamplingSettings(arguments.GetValue(temperature), GuidanceScale: arguments.GetValue(guidance));
            var training = new Dictionary<string, string>
            {
                ["note"] = arguments.GetRequiredValue(note),
                ["date"] = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            };
            var run = new RunFolder(arguments.GetRequiredValue(runFolder));
            var folder = arguments.GetValue(output) ?? Path.Combine("models", run.Name);
            OutputPath.NewFolder(output.Name, folder);
            BundleWriter.RequireFree(folder, arguments.GetValue(overwrite));
            run.Require(run.Tokenizer, run.ClusterMap, run.Coarse, run.Tokens(ImageDatasetReader.TrainSplit));
            var map = ClusterMap.Load(run.ClusterMap);
            run.Require(map.IsIdentity ? [] : [run.Fine]);
            var modelName = arguments.GetValue(name) ?? run.Name;
            var parts = new TrainedParts(run.BundledTokenizer, run.ClusterMap, run.Coarse, run.Fine);
            using var tokens = Tokens(run, terminal);
            var text = new BundleText(
                modelName,
                tokens.ClassNames,
                new SamplingDefaults(coarse, new SamplingSettings()),
                training,
                arguments.GetRequiredValue(licence));
            var before = BundleWriter.EvaluationIn(folder);
            var bundle = BundlePacker.Pack(parts, folder, text, TokenStatistics.UsualLabels(tokens, map));
            if (before is not null)
            {
                terminal.Error.WriteLine(bundle.Manifest.Evaluation is null
                    ? "The recorded evaluation of formats was of other weights or sampling defaults, so it is gone; "
                    + "'ctf evaluate --dtype all --record' records a new one."
                    : "The recorded evaluation of formats is of the same weights and sampling defaults, so it stays.");
            }

            bundle = ExpectedImageCommand.RecordIn(bundle, terminal, cancellation);
            ReportJson.Write(terminal.Output, new { bundle.Directory, bundle.Hash, Bytes = bundle.Manifest.Files.Sum(file => file.Bytes) });
        });
        return command;
    }

    /// <summary>Returns the tokens that the coarse stage was trained on.</summary>
    private static TokenSet Tokens(RunFolder run, Terminal terminal)
    {
        var tokens = TokenSet.Open(run.Tokens(ImageDatasetReader.TrainSplit));
        new RunValidator(terminal.Error.WriteLine).RequireTokens(run.Tokens(ImageDatasetReader.TrainSplit), tokens.MadeFrom, run.Coarse);
        return tokens;
    }
}
