using Spectre.Console;

namespace CtfService.Cli.Shell;

/// <summary>Where a command writes: results to <paramref name="Output"/> (standard output), everything else to the two others (standard error).</summary>
/// <param name="Error">Plain lines.</param>
/// <param name="Display">The same stream with colours and moving bars where it is a terminal.</param>
internal sealed record Terminal(TextWriter Output, TextWriter Error, IAnsiConsole Display)
{
    public static Terminal OfProcess() => new(
        Console.Out,
        Console.Error,
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) }));
}
