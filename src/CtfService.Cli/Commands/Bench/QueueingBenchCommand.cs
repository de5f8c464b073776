using System.CommandLine;
using System.Globalization;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Inference.Queue;
using CtfService.Training.Optimization;
using Spectre.Console;

namespace CtfService.Cli.Commands.Bench;

/// <summary>
/// <c>ctf bench queueing</c>: the latency that a model of the queue predicts, beside the measured one; the model alone for up to 1,000 devices.
/// </summary>
internal static class QueueingBenchCommand
{
    public static Command Create(Terminal terminal)
    {
        var bundle = new Option<string?>("--bundle") { Description = "Folder of a bundle to measure on the CPU; by default, devices are simulated." };
        var devices = CommandOption.Numbers("--devices", "Numbers of devices behind one queue.", [1], NumberRange.Between(1, 1_000));
        var replicas = CommandOption.Number(
            "--replicas", "Processes with that many devices each. More than 1: the model alone.", 1, NumberRange.Between(1, 1_000));
        var loads = CommandOption.Numbers(
            "--load", "Arrivals per second, as fractions of the images/s of full devices.", [0.5, 0.7, 0.8, 0.9], NumberRange.Above(0.0, 0.99));
        var step = CommandOption.Number("--step-ms", "Duration of a step of a simulated device, in milliseconds.", 5.0, NumberRange.Between(0.1, 1_000));
        var steps = CommandOption.Number("--steps", "Steps of an image on a simulated device.", 64, NumberRange.Between(1, 65_536));
        var rows = CommandOption.Number("--rows", "Rows of a decode step.", new InferenceOptions().MaxBatchRows, NumberRange.Between(2, 65_536));
        var images = CommandOption.Number("--images", "Images at each load for each device.", 400, TrainingRanges.Images);
        var modelOnly = new Option<bool>("--model-only") { Description = "Run the model alone, with steps of --step-ms and one row for each image." };
        var seed = CommandOption.Seed();
        var json = BenchOptions.Json();
        var command = new Command("queueing", "Compares the latency under Poisson arrivals with what a model of the queue predicts.")
        {
            bundle, devices, replicas, loads, step, steps, rows, images, modelOnly, seed, json,
        };
        command.SetAction(async (arguments, cancellation) =>
        {
            var (count, duration) = (arguments.GetValue(rows), TimeSpan.FromMilliseconds(arguments.GetValue(step)));
            var benchmark = new QueueingBenchmark(
                number => arguments.GetValue(bundle) is { } folder
                    ? BenchOrigins.Copies(BundleOption.Find(folder), number, count)
                    : BenchOrigins.Simulated(number, duration, arguments.GetValue(steps), count),
                count,
                arguments.GetValue(images),
                cancellation);
            var found = new List<QueueingRow>();
            foreach (var number in arguments.GetRequiredValue(devices))
            {
                terminal.Error.WriteLine($"{number} devices");
                double[] stepSeconds = [.. Enumerable.Repeat(duration.TotalSeconds, count)];
                var plan = new QueuePlan(arguments.GetValue(replicas), number, arguments.GetValue(steps), stepSeconds);
                found.AddRange(arguments.GetValue(modelOnly) || plan.Replicas > 1
                    ? Predict(plan, arguments.GetRequiredValue(loads), arguments.GetValue(images), arguments.GetValue(seed))
                    : await benchmark.RunAsync(number, arguments.GetRequiredValue(loads), arguments.GetValue(seed)));
            }

            ReportOutput.Write(terminal.Output, new QueueingReport(found), arguments.GetValue(json), report => [Table(report)]);
            return ExitCode.Success;
        });
        return command;
    }

    private static IEnumerable<QueueingRow> Predict(QueuePlan plan, double[] loads, int imagesPerDevice, ulong seed) => loads.Select(load => QueueingRow.Of(
        plan, load, ArrivalClock.Poisson(plan.Replicas * plan.Devices * imagesPerDevice, load * plan.Capacity, seed), measured: null));

    private static Table Table(QueueingReport report)
    {
        string Text(double? value, string format = "0.0") => value?.ToString(format, CultureInfo.InvariantCulture) ?? "-";
        var table = new Table().Title("Poisson arrivals of single images: the model of the queue and the service");
        table.AddColumns("replicas", "devices", "load", "images/s", "mean ms: model", "measured", "p95 ms: model", "measured");
        foreach (var row in report.Rows)
        {
            table.AddRow(
                Text(row.Replicas, "0"),
                Text(row.Devices, "0"),
                Text(row.Load, "0.00"),
                Text(row.ImagesPerSecond),
                Text(row.Predicted.MeanMilliseconds),
                Text(row.Measured?.MeanMilliseconds),
                Text(row.Predicted.P95Milliseconds),
                Text(row.Measured?.P95Milliseconds));
        }

        return table;
    }
}

/// <summary>One row for each number of devices and load.</summary>
internal sealed record QueueingReport(IReadOnlyList<QueueingRow> Rows);
