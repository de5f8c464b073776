using System.CommandLine;

namespace CtfService.Cli.Commands.Bench;

/// <summary><c>ctf bench</c>: measurements, each with the machine's limits beside it where there are any.</summary>
internal static class BenchCommand
{
    public static Command Create(Terminal terminal) => new("bench", "Measures loading, decoding and whole images.")
    {
        LoadBenchCommand.Create(terminal),
    };
}
