using System.CommandLine;
using CtfService.Cli.Shell;

namespace CtfService.Cli.Commands.Bench;

/// <summary><c>ctf bench</c>: the group of the benchmarks.</summary>
internal static class BenchCommand
{
    public static Command Create(Terminal terminal) => new(
        "bench", "Measures speed: decode steps, whole images, serving, queueing, devices, loading, reading of data sets, a service under load.")
    {
        AcceptanceBenchCommand.Create(terminal),
        BulkBenchCommand.Create(terminal),
        DataBenchCommand.Create(terminal),
        DecodeBenchCommand.Create(terminal),
        DevicesBenchCommand.Create(terminal),
        ImagesBenchCommand.Create(terminal),
        MethodBenchCommand.Create(terminal),
        QueueingBenchCommand.Create(terminal),
        ServingBenchCommand.Create(terminal),
        TrainingBenchCommand.Create(terminal),
        VqDecodeBenchCommand.Create(terminal),
        LoadBenchCommand.Create(terminal),
        LoadingBenchCommand.Create(terminal),
    };
}
