using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Generation;

namespace CtfService.Cli.Commands.Bundles;

/// <summary><c>ctf expected-image</c>: records in a bundle what its warm-up image must be.</summary>
internal static class ExpectedImageCommand
{
    public static Command Create(Terminal terminal)
    {
        var folder = new BundleOption("Folder of the bundle; its model.json is replaced.");
        var command = new Command(
            "expected-image",
            "Records what the warm-up image of a bundle is on this CPU, so that a service finds out at start whether it computes the same.")
        {
            folder.Option,
        };
        command.SetAction((arguments, cancellation) =>
        {
            var directory = folder.Folder(arguments);
            OutputPath.Folder("--bundle", directory);
            var recorded = ExpectationRecorder.Record(BundleReader.Open(directory, cancellation), cancellation);
            ReportJson.Write(terminal.Output, new { recorded.Directory, recorded.Hash, recorded.Manifest.Expected!.Images });
        });
        return command;
    }

    /// <summary>Records it in a bundle that was just written, if that takes seconds; otherwise says how to do it.</summary>
    public static Bundle RecordIn(Bundle written, Terminal terminal, CancellationToken cancellation)
    {
        if (!ExpectationRecorder.IsQuick(written))
        {
            terminal.Error.WriteLine(
                "For a model of this size it takes minutes to record what the warm-up image must be, so that a service can check it: "
                + $"ctf expected-image --bundle {written.Directory}");
            return written;
        }

        try
        {
            return ExpectationRecorder.Record(written, cancellation);
        }
        catch (Exception error) when (error is OutOfDeviceMemoryException or DeviceUnavailableException)
        {
            terminal.Error.WriteLine($"The bundle is complete, but its warm-up image could not be drawn here: {error.Message}");
            return written;
        }
    }
}
