using System.CommandLine;
using System.Globalization;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Inference.Queue;
using CtfService.Inference.Routing;
using CtfService.Training.Optimization;
using Spectre.Console;

namespace CtfService.Cli.Commands.Bench;

/// <summary>
/// <c>ctf bench devices</c>: images per second of 1, 2, 4 and 8 devices behind one queue; simulated ones, or copies of a model that share the CPU.
/// </summary>
internal static class DevicesBenchCommand
{
    private static readonly int[] Counts = [1, 2, 4, 8];

    public static Command Create(Terminal terminal)
    {
        var bundle = new Option<string?>("--bundle") { Description = "Folder of a bundle whose copies share the CPU; by default, devices are simulated." };
        var step = CommandOption.Number("--step-ms", "Duration of a step of a simulated device, in milliseconds.", 5.0, NumberRange.Between(0.1, 1_000));
        var steps = CommandOption.Number("--steps", "Steps of an image on a simulated device.", 64, NumberRange.Between(1, 65_536));
        var most = CommandOption.Number("--devices", "Largest number of devices, of 1, 2, 4 and 8.", 8, NumberRange.Between(1, 8));
        var rows = CommandOption.Number("--rows", "Rows of a decode step.", new InferenceOptions().MaxBatchRows, NumberRange.Between(2, 65_536));
        var images = CommandOption.Number("--images", "Images of one run for each device.", 256, TrainingRanges.Images);
        var runs = CommandOption.Number("--runs", "Runs; the medians are printed.", 3, NumberRange.Between(1, 1_000));
        var json = BenchOptions.Json();
        var command = new Command("devices", "Measures how the images per second grow with the number of devices behind one queue.")
        {
            bundle, step, steps, most, rows, images, runs, json,
        };
        command.SetAction(async (arguments, cancellation) =>
        {
            ModelOrigin Origin(int devices) => arguments.GetValue(bundle) is { } folder
                ? BenchOrigins.Copies(BundleOption.Find(folder), devices, arguments.GetValue(rows))
                : BenchOrigins.Simulated(devices, TimeSpan.FromMilliseconds(arguments.GetValue(step)), arguments.GetValue(steps), arguments.GetValue(rows));
            var benchmark = new DevicesBenchmark(Origin, arguments.GetValue(rows), arguments.GetValue(images), cancellation);
            var report = await benchmark.RunAsync(
                [.. Counts.Where(count => count <= arguments.GetValue(most))],
                arguments.GetValue(runs),
                run => terminal.Error.WriteLine($"run {run} of {arguments.GetValue(runs)}"));
            ReportOutput.Write(terminal.Output, report, arguments.GetValue(json), found => [Table(found, arguments.GetValue(bundle) is not null)]);
            return ExitCode.Success;
        });
        return command;
    }

    private static Table Table(DevicesReport report, bool sharesCpu)
    {
        string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
        var table = new Table().Title(sharesCpu
            ? $"Copies of the model that share the CPU; medians of {report.Runs} runs"
            : $"Simulated devices; medians of {report.Runs} runs");
        table.AddColumns("devices", "images/s", sharesCpu ? "of one copy" : "of linear");
        foreach (var rate in report.Rates)
        {
            var share = rate.ShareOfLinear * (sharesCpu ? rate.Devices : 1); // copies share the cores, so equal is what can be reached
            table.AddRow(Text(rate.Devices, "0"), Text(rate.ImagesPerSecond, "0.0"), Text(share, "0.00"));
        }

        return table;
    }
}
