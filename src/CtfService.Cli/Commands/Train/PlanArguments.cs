using System.CommandLine;
using System.CommandLine.Parsing;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;

namespace CtfService.Cli.Commands.Train;

/// <summary>The options that print a plan instead of training.</summary>
internal sealed class PlanArguments
{
    private readonly Option<bool> _plan = new("--plan")
    {
        Description = "Only print what the training will need (parameters, memory, operations, disk) and its settings beside the paper's.",
    };

    private readonly Option<bool> _json = new("--json") { Description = "Print the plan as JSON." };

    public void AddTo(Command command)
    {
        command.Options.Add(_plan);
        command.Options.Add(_json);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_json) && !IsWanted(result))
            {
                result.AddError("--json is the form of a plan: add --plan.");
            }
        });
    }

    public bool IsWanted(CommandResult result) => result.GetValue(_plan);

    /// <summary>Writes the plans as tables, or as JSON: one object, or an array of several.</summary>
    public void Write(Terminal terminal, ParseResult arguments, params IReadOnlyList<PlanReport> reports)
    {
        if (arguments.GetValue(_json))
        {
            ReportJson.Write(terminal.Output, reports.Count == 1 ? reports[0].Json : reports.Select(report => report.Json));
        }
        else
        {
            ReportTables.Write(terminal.Output, [.. reports.SelectMany(report => report.Tables())]);
        }
    }
}
