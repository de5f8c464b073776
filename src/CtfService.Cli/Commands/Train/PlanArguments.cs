using System.CommandLine;
using System.CommandLine.Parsing;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Model.Transformer;
using CtfService.Training.Optimization;
using CtfService.Training.Planning;

namespace CtfService.Cli.Commands.Train;

/// <summary>The options that print the plan of a stage instead of training it.</summary>
internal sealed class PlanArguments(string part, bool isFine)
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

    /// <summary>Writes the plan. Reads the small files of the run, and allocates no model.</summary>
    public void Write(Terminal terminal, ParseResult arguments, PlanRequest request)
    {
        var run = PlannedRun.Of(request.Folder, request.ImageSize);
        var report = new PlanReport(part, request.SizeName, Plan(run.Data, request), request.Options, run);
        foreach (var assumption in run.Assumed)
        {
            terminal.Error.WriteLine($"Assumed, because {request.Folder.Path} does not have it: {assumption}.");
        }

        if (arguments.GetValue(_json))
        {
            ReportJson.Write(terminal.Output, report.Json);
        }
        else
        {
            ReportTables.Write(terminal.Output, [.. report.Tables()]);
        }
    }

    private StagePlan Plan(PlannedData data, PlanRequest request)
    {
        var config = data.Config(request.Size, request.Options.Dropout, isFine);
        var scoring = isFine ? HeadScoring.OfMembers(data.Codewords, data.CompetingCodewords) : HeadScoring.Whole(config);
        var stage = new PlannedStage(config, request.Options.BatchSize, scoring, request.Options.UseBfloat16, IsCuda: false);
        return StagePlan.Of(stage, data, request.Options);
    }
}

/// <summary>A plan as the user asks for it.</summary>
/// <param name="ImageSize">Side of the images in pixels; null for that of the run.</param>
/// <param name="SizeName">Name of a published size; null if it has none.</param>
internal sealed record PlanRequest(RunFolder Folder, int? ImageSize, TransformerSize Size, string? SizeName, TrainingOptions Options);
