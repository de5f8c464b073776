using System.CommandLine;
using System.Diagnostics;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Model.Bundles;
using CtfService.Model.Generation;

namespace CtfService.Cli.Commands.Bench;

/// <summary><c>ctf bench loading</c>: how long a bundle takes to load, and the peak memory of loading.</summary>
internal static class LoadingBenchCommand
{
    public static Command Create(Terminal terminal)
    {
        var bundle = new BundleOption("Folder of the bundle.");
        var placement = new PlacementOptions();
        var command = new Command("loading", "Measures the time and peak memory of loading a bundle; prints JSON.")
        {
            bundle.Option, placement.Device, placement.Dtype,
        };
        command.SetAction((arguments, cancellation) =>
        {
            var folder = bundle.Folder(arguments);
            var started = Stopwatch.GetTimestamp();
            using var generator = new CtfImageGeneratorFactory(folder, placement.Placement(arguments)).Load(terminal, cancellation);
            var elapsed = Stopwatch.GetElapsedTime(started);
            var peak = PeakMemory.OfThisProcess();
            var bytes = BundleReader.Open(folder, cancellation).Manifest.Files.Sum(file => file.Bytes);
            ReportJson.Write(terminal.Output, new
            {
                Bundle = folder,
                WeightBytes = bytes,
                Seconds = Math.Round(elapsed.TotalSeconds, 2),
                PeakMemoryBytes = peak,
                PeakOverWeights = Math.Round((double)peak / bytes, 3),
            });
        });
        return command;
    }
}
