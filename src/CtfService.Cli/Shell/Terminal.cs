using Spectre.Console;

namespace CtfService.Cli.Shell;

/// <summary>The streams of a command: results go to <paramref name="Output"/> (standard output), everything else to standard error.</summary>
/// <param name="Error">Standard error, for plain lines.</param>
/// <param name="Display">Standard error, with colours and progress bars if it is a terminal.</param>
internal sealed record Terminal(TextWriter Output, TextWriter Error, IAnsiConsole Display)
{
    public static Terminal OfProcess() => new(
        Console.Out,
        Console.Error,
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) }));
}
