using System.CommandLine;

namespace CtfService.Cli.Shell;

/// <summary>Sets the actions of commands that run on the calling thread.</summary>
internal static class CommandActions
{
    /// <summary>Sets an action that succeeds unless it throws.</summary>
    public static void SetAction(this Command command, Action<ParseResult, CancellationToken> action) => command.SetAction((arguments, cancellation) =>
    {
        action(arguments, cancellation);
        return Task.FromResult(ExitCode.Success);
    });

    /// <summary>Sets an action that returns whether it has succeeded.</summary>
    public static void SetAction(this Command command, Func<ParseResult, CancellationToken, bool> action) => command.SetAction((arguments, cancellation) =>
        Task.FromResult(action(arguments, cancellation) ? ExitCode.Success : ExitCode.Failure));
}
