using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Training.Experiments;
using CtfService.Training.Experiments.Plan;
using CtfService.Training.Progress;

namespace CtfService.Cli.Commands.Train;

/// <summary><c>ctf experiment</c>: trains, samples and compares the models of an experiment file.</summary>
internal static class ExperimentCommand
{
    public static Command Create(Terminal terminal)
    {
        var file = CommandOption.Required("--file", "Experiment file (docs/experiments.md).");
        var data = new Option<string?>("--data") { Description = TrainingArguments.DataDescription };
        var output = CommandOption.WithDefault(
            "--output", "Folder for all results; run the command again to continue there.", Path.Combine("runs", "experiment"));
        var tokenizer = new Option<string?>("--tokenizer") { Description = "Tokenizer file of 'ctf train-tokenizer', instead of training one." };
        var report = new Option<string?>("--report")
        {
            Description = "Folder for results.md, results.json and the plots; 'report' in the output folder if omitted.",
        };
        var without = new Option<string[]>("--without")
        {
            Description = "Skip the jobs whose names start with one of these, such as 'speed'.",
            DefaultValueFactory = _ => [],
            AllowMultipleArgumentsPerToken = true,
        };
        var classNames = ClassNamesOption.Create();
        var maxPixels = MaxPixelsOption.Create();
        var compute = new ComputeOptions("trainings, samples and features", usesBfloat16: true);
        var redo = new Option<bool>("--redo") { Description = "Delete the results whose settings have changed, and compute them again." };
        var reportOnly = new Option<bool>("--report-only") { Description = "Only write the report of the finished jobs." };
        var plan = new PlanArguments();
        var command = new Command("experiment", "Trains, samples and compares the models of an experiment file; continues where it was stopped.")
        {
            file, data, classNames, maxPixels, output, tokenizer, report, without, redo, reportOnly,
        };
        plan.AddTo(command);
        compute.AddTo(command);
        command.SetAction((arguments, cancellation) =>
        {
            if (plan.IsWanted(arguments.CommandResult))
            {
                plan.Write(terminal, arguments, [.. PlannedTraining.Of(ExperimentFile.Read(arguments.GetRequiredValue(file))).Select(Report)]);
                return;
            }

            UsageException.ThrowIfAny([arguments.GetValue(data) is null ? "Option '--data' is required" : null]);
            TorchThreads.UseAllCores();
            var folder = OutputPath.Folder(output.Name, arguments.GetRequiredValue(output));
            var options = new ExperimentOptions(
                arguments.GetValue(data)!,
                arguments.GetValue(tokenizer),
                folder,
                OutputPath.Folder(report.Name, arguments.GetValue(report) ?? Path.Combine(folder, "report")),
                arguments.GetRequiredValue(without),
                arguments.GetValue(redo),
                arguments.GetValue(maxPixels))
            {
                ClassNames = arguments.GetValue(classNames),
                Device = compute.DeviceOf(arguments),
                UseBfloat16 = compute.UsesBfloat16(arguments),
            };
            using var run = new ExperimentRun(ExperimentFile.Read(arguments.GetRequiredValue(file)), options, cancellation);
            if (!arguments.GetValue(reportOnly))
            {
                foreach (var dataset in run.OpenData())
                {
                    dataset.ReportSkipped(terminal);
                }

                KeptWork.Run($"Finished jobs and checkpoints are kept in {folder}.", () => run.Run(new JobProgress(terminal), cancellation), cancellation);
            }

            var (finished, jobs) = run.Report();
            ReportJson.Write(terminal.Output, new { Jobs = jobs, Finished = finished, options.Report });
        });
        return command;
    }

    private static PlanReport Report(PlannedTraining training) => PlanReport.Of(
        $"{training.Model}, {(training.IsFine ? "fine" : "coarse")} stage", training.IsFine, training.Size, training.Options, training.Data, isCuda: false);

    private sealed class JobProgress(Terminal terminal) : IExperimentProgress
    {
        public void Run(string job, int number, int count, Action<ITrainingProgress> work)
        {
            var title = $"[{number}/{count}] {job}";
            if (!ConsoleProgress.IsInteractive(terminal))
            {
                terminal.Error.WriteLine(title); // some jobs report no figures
            }

            ConsoleProgress.Run(terminal, title, work);
        }
    }
}
