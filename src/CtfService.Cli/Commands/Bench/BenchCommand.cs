using System.CommandLine;
using CtfService.Cli.Shell;

namespace CtfService.Cli.Commands.Bench;

/// <summary><c>ctf bench</c>: what is fast and what is not.</summary>
internal static class BenchCommand
{
    public static Command Create(Terminal terminal) => new("bench", "Measures speed, beside the machine's limits where there are any.")
    {
        DecodeBenchCommand.Create(terminal),
        ImagesBenchCommand.Create(terminal),
        MethodBenchCommand.Create(terminal),
        ServingBenchCommand.Create(terminal),
        VqDecodeBenchCommand.Create(terminal),
        LoadBenchCommand.Create(terminal),
    };
}
