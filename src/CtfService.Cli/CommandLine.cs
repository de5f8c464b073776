using System.CommandLine;
using System.CommandLine.Invocation;
using System.Globalization;
using System.Runtime.InteropServices;
using CtfService.Cli.Commands;
using CtfService.Cli.Commands.Bench;
using CtfService.Cli.Commands.Bundles;
using CtfService.Cli.Commands.Datasets;
using CtfService.Cli.Commands.Evaluate;
using CtfService.Cli.Commands.Generate;
using CtfService.Cli.Commands.Train;
using CtfService.Cli.Shell;
using CtfService.Training.Progress;

namespace CtfService.Cli;

/// <summary>The <c>ctf</c> tool: parses the arguments, runs one command and returns its exit code.</summary>
internal static class CommandLine
{
    public static RootCommand Create(Terminal terminal) => GroupedHelp.Root(
        "Trains, runs and measures coarse-to-fine image generators.",
        new("Train a model", [
            DrawShapesCommand.Create(terminal),
            TrainTokenizerCommand.Create(terminal),
            ImportTokenizerCommand.Create(terminal),
            RefineDecoderCommand.Create(terminal),
            BlendDecodersCommand.Create(terminal),
            ClusterCommand.Create(terminal),
            SwapCommand.Create(terminal),
            TokenizeCommand.Create(terminal),
            TrainStageCommands.CreateCoarse(terminal),
            TrainStageCommands.CreateFine(terminal),
            ExperimentCommand.Create(terminal),
            ExportTrainingCommand.Create(terminal),
        ]),
        new("Make and inspect bundles", [
            BundleCommand.Create(terminal),
            ConvertCommand.Create(terminal),
            UsualLabelsCommand.Create(terminal),
            ExpectedImageCommand.Create(terminal),
            InspectCommand.Create(terminal),
        ]),
        new("Generate images", [GenerateCommand.Create(terminal), EditCommand.Create(terminal), DatasetCommand.Create(terminal)]),
        new("Evaluate images", [
            TrainClassifierCommand.Create(terminal),
            ClassifyCommand.Create(terminal),
            EvaluateCommand.Create(terminal),
            EvaluateEditsCommand.Create(terminal),
        ]),
        new("Measure speed", [BenchCommand.Create(terminal)]),
        new("Operate the service", [ApiKeyCommand.Create(terminal)]));

    /// <summary>Runs the command and turns exceptions into messages and exit codes.</summary>
    public static async Task<int> RunAsync(string[] args, Terminal terminal, CancellationToken cancellation = default)
    {
        // Numbers are printed and read in the same way on every machine.
        CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = CultureInfo.InvariantCulture;
        var parse = Create(terminal).Parse(args);
        if (parse.Action is ParseErrorAction)
        {
            FailureReport.WriteUsage(terminal.Error, parse.CommandResult.Command, parse.Errors.Select(error => error.Message));
            return ExitCode.UsageError;
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var isTerminated = false;
        using var interrupt = StopOn(PosixSignal.SIGINT, stop, () => { });
        using var terminate = StopOn(PosixSignal.SIGTERM, stop, () => isTerminated = true);
        var invocation = new InvocationConfiguration
        {
            Output = terminal.Output,
            Error = terminal.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null, // a stopped command ends at its next step, which may take a while
        };
        try
        {
            return await parse.InvokeAsync(invocation, stop.Token);
        }
        catch (OperationCanceledException stopped) when (stop.IsCancellationRequested)
        {
            await terminal.Error.WriteLineAsync(Stopped(stopped, parse.CommandResult.Command));
            return !isTerminated ? ExitCode.Interrupted : stopped is WorkStoppedException ? ExitCode.Saved : ExitCode.Terminated;
        }
        catch (UsageException exception)
        {
            FailureReport.WriteUsage(terminal.Error, parse.CommandResult.Command, exception.Message.Split(Environment.NewLine));
            return ExitCode.UsageError;
        }
        catch (Exception exception)
        {
            FailureReport.Write(terminal.Error, exception);
            return ExitCode.Failure;
        }
    }

    private static string Stopped(OperationCanceledException stopped, Command command)
    {
        if (stopped is not WorkStoppedException)
        {
            return "Stopped.";
        }

        var resume = command.Options.Any(option => option.Name == "--resume") ? " with --resume" : "";
        return $"{stopped.Message} Run the same command{resume} to continue.";
    }

    /// <summary>The first signal asks the command to stop; the second one ends the process, as the system does by default.</summary>
    private static PosixSignalRegistration StopOn(PosixSignal signal, CancellationTokenSource stop, Action onFirst) =>
        PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = !stop.IsCancellationRequested;
            if (context.Cancel)
            {
                onFirst();
            }

            stop.Cancel();
        });
}
