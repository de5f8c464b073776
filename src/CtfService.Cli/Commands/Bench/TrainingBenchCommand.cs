using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Model.Transformer;
using CtfService.Training.Optimization;

namespace CtfService.Cli.Commands.Bench;

/// <summary><c>ctf bench training</c>: speed, utilisation and memory of trainings, and their losses beside the CPU's.</summary>
internal static class TrainingBenchCommand
{
    public static Command Create(Terminal terminal)
    {
        var compute = new ComputeOptions("the trainings", usesBfloat16: true);
        var sizes = new Option<string[]>("--size")
        {
            Description = $"Sizes to train, one or more of {TrainingBenchmarkOptions.Tiny}, {string.Join(", ", PublishedTransformers.ShortNames)}.",
            DefaultValueFactory = _ => ["B", "L"],
            AllowMultipleArgumentsPerToken = true,
            Arity = ArgumentArity.OneOrMore,
        };
        sizes.AcceptOnlyFromAmong([TrainingBenchmarkOptions.Tiny, .. PublishedTransformers.ShortNames]);
        var batch = CommandOption.Number("--batch", "Images of a step; trained in parts that fit into the memory.", 256, TrainingRanges.BatchSize);
        var steps = CommandOption.Number("--steps", "Steps of each size.", 30, NumberRange.Between(20, 1_000_000));
        var memory = CommandOption.Number("--memory", "Memory that a step may need by its plan, in GB.", 70.0, NumberRange.Above(0.0, 10_000.0));
        var compare = CommandOption.Number(
            "--compare-steps", "Steps in float32 on the CPU and on the device whose losses are compared; 0 for none.", 50, NumberRange.Between(0, 100_000));
        var minutes = CommandOption.Number(
            "--minutes", "Minutes to train the last size, to see whether memory grows; 0 for none.", 0.0, NumberRange.Between(0.0, 10_000.0));
        var json = BenchOptions.Json();
        var command = new Command("training", "Measures trainings of the coarse stage on random tokens; fails if losses differ or memory grows.")
        {
            sizes, batch, steps, memory, compare, minutes, json,
        };
        compute.AddTo(command);
        command.SetAction((arguments, cancellation) =>
        {
            TorchThreads.UseAllCores();
            var options = new TrainingBenchmarkOptions(
                compute.DeviceOf(arguments),
                compute.UsesBfloat16(arguments),
                arguments.GetRequiredValue(sizes),
                arguments.GetValue(batch),
                arguments.GetValue(steps),
                (long)(arguments.GetValue(memory) * 1e9),
                arguments.GetValue(compare),
                arguments.GetValue(minutes));
            var report = new TrainingBenchmark(options, terminal.Error.WriteLine, cancellation).Run();
            ReportOutput.Write(terminal.Output, report, arguments.GetValue(json), measured => measured.Tables());
            return report.IsRight;
        });
        return command;
    }
}
