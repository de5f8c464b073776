using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using CtfService.Cli.Shell;

namespace CtfService.Cli;

/// <summary>Commands under one heading of the help.</summary>
internal sealed record CommandGroup(string Title, IReadOnlyList<Command> Commands);

/// <summary>Prints the help of the tool with its commands in groups; the help of a single command is printed by System.CommandLine.</summary>
internal sealed class GroupedHelp(IReadOnlyList<CommandGroup> groups, SynchronousCommandLineAction commandHelp) : SynchronousCommandLineAction
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
            return commandHelp.Invoke(parseResult);
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

        output.WriteLine("Run 'ctf COMMAND --help' for the options of a command and 'ctf --version' for the version.");
        return ExitCode.Success;
    }
}
