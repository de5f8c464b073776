using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using CtfService.Cli.Shell;

namespace CtfService.Cli;

/// <summary>Commands that serve one purpose.</summary>
internal sealed record CommandGroup(string Title, IReadOnlyList<Command> Commands);

/// <summary>The help of the whole tool, with the commands in groups; each command's own help is the library's.</summary>
internal sealed class GroupedHelp(IReadOnlyList<CommandGroup> groups, SynchronousCommandLineAction ofCommands) : SynchronousCommandLineAction
{
    private const string Margin = "  ";

    public static RootCommand Root(string description, params IReadOnlyList<CommandGroup> groups)
    {
        var root = new RootCommand(description);
        foreach (var command in groups.SelectMany(group => group.Commands))
        {
            root.Subcommands.Add(command);
        }

        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new GroupedHelp(groups, (SynchronousCommandLineAction)help.Action!);
        return root;
    }

    public override int Invoke(ParseResult parseResult)
    {
        if (parseResult.CommandResult.Command is not RootCommand root)
        {
            return ofCommands.Invoke(parseResult);
        }

        var output = parseResult.InvocationConfiguration.Output;
        var width = groups.SelectMany(group => group.Commands).Max(command => command.Name.Length);
        output.WriteLine($"{root.Description}{Environment.NewLine}");
        output.WriteLine($"Usage:{Environment.NewLine}{Margin}ctf COMMAND [options]{Environment.NewLine}");
        foreach (var group in groups)
        {
            output.WriteLine($"{group.Title}:");
            foreach (var command in group.Commands)
            {
                output.WriteLine($"{Margin}{command.Name.PadRight(width)}{Margin}{command.Description}");
            }

            output.WriteLine();
        }

        output.WriteLine("'ctf COMMAND --help' shows the options of a command, 'ctf --version' the version.");
        return ExitCode.Success;
    }
}
