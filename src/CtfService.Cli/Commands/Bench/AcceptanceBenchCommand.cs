using System.CommandLine;
using System.Globalization;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.EngineBenchmarks.Acceptance;
using CtfService.Model.Storage;
using Spectre.Console;

namespace CtfService.Cli.Commands.Bench;

/// <summary><c>ctf bench acceptance</c>: how many decode steps an image takes by window, which does not depend on the machine.</summary>
internal static class AcceptanceBenchCommand
{
    public static Command Create(Terminal terminal)
    {
        var bundle = new BundleOption("Folder of the bundle.");
        var windows = CommandOption.Numbers(
            "--window", "Positions of an image in a step, one or more numbers.", [1, 2, 4, 8, 16, 32], NumberRange.Between(1, DecodeWork.LargestWindow));
        var guidance = CommandOption.Numbers("--guidance-scale", "Guidance scales, one or more numbers.", [1f, 1.5f, 3f], SamplingSettings.GuidanceScaleRange);
        var temperature = CommandOption.Numbers("--temperature", "Temperatures, one or more numbers.", [1f, 0.9f], SamplingSettings.TemperatureRange);
        var method = CommandOption.Choices("--method", "How labels are drawn, one or more of", Enum.GetValues<SamplingMethod>());
        var perClass = CommandOption.Number("--per-class", "Images of each class.", 4, NumberRange.Between(1, 1_000));
        var output = new Option<string?>("--output")
        {
            Description = "Only record the steps with the bundle's default settings in this file, for 'ctf bench images --acceptance'.",
        };
        var overwrite = OverwriteOption.Create();
        var json = BenchOptions.Json();
        var command = new Command("acceptance", "Counts the decode steps of an image by window, for several settings; the same on every machine.")
        {
            bundle.Option, windows, guidance, temperature, method, perClass, output, overwrite, json,
        };
        command.SetAction((arguments, cancellation) =>
        {
            List<int> sizes = [.. arguments.GetRequiredValue(windows).Distinct().Order()];
            var images = arguments.GetValue(perClass);
            var file = arguments.GetValue(output);
            if (file is not null)
            {
                OverwriteOption.RequireFree(output.Name, OutputPath.File(output.Name, file), arguments.GetValue(overwrite));
            }

            using var benchmark = new AcceptanceBenchmark(bundle.Folder(arguments), sizes.Max(), cancellation);
            if (file is not null)
            {
                AtomicFile.WriteText(file, benchmark.Record(sizes, images, cancellation).ToJson());
                terminal.Error.WriteLine($"Wrote {file}.");
                return;
            }

            var lines = new List<AcceptanceLine>();
            foreach (var (scale, heat, how) in
                from how in arguments.GetRequiredValue(method)
                from scale in arguments.GetRequiredValue(guidance)
                from heat in arguments.GetRequiredValue(temperature)
                select (scale, heat, how))
            {
                terminal.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{how}, guidance scale {scale}, temperature {heat}"));
                var settings = benchmark.Default with { GuidanceScale = scale, Temperature = heat };
                lines.Add(new AcceptanceLine(how.ToString(), scale, heat, [.. sizes.Select(size =>
                    new WindowSteps(size, benchmark.Run(size, settings, how, images, cancellation).Average(steps => steps.Count)))]));
            }

            ReportOutput.Write(terminal.Output, lines, arguments.GetValue(json), found => [Table(benchmark, found)]);
        });
        return command;
    }

    private static Table Table(AcceptanceBenchmark benchmark, IReadOnlyList<AcceptanceLine> lines)
    {
        var table = new Table().Title($"{benchmark.Model}: mean decode steps of an image with {benchmark.Positions} labels, by window");
        table.AddColumns(["method", "guidance", "temperature", .. lines[0].Steps.Select(steps => $"{steps.Window}")]);
        foreach (var line in lines)
        {
            table.AddRow([
                line.Method, Text(line.GuidanceScale, "0.##"), Text(line.Temperature, "0.##"), .. line.Steps.Select(steps => Text(steps.MeanSteps, "0.0")),
            ]);
        }

        return table;
    }

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private sealed record AcceptanceLine(string Method, double GuidanceScale, double Temperature, IReadOnlyList<WindowSteps> Steps);

    private sealed record WindowSteps(int Window, double MeanSteps);
}
