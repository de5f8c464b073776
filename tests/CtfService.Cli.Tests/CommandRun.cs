using CtfService.Cli.Shell;
using Spectre.Console;

namespace CtfService.Cli.Tests;

/// <summary>The exit code and output of a command that ran in this process.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    public static async Task<CommandRun> Of(CancellationToken cancellation, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var display = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(error), Interactive = InteractionSupport.No });
        var exitCode = await CommandLine.RunAsync(args, new Terminal(output, error, display), cancellation);
        return new CommandRun(exitCode, output.ToString(), error.ToString());
    }

    public static Task<CommandRun> Of(params string[] args) => Of(CancellationToken.None, args);
}
