using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.EngineBenchmarks;
using CtfService.Model.Cpu.MatMul;
using CtfService.Model.Transformer;

namespace CtfService.Cli.Commands.Bench;

/// <summary><c>ctf bench decode</c>: how fast the coarse stage decodes, compared with the limits of the machine.</summary>
internal static class DecodeBenchCommand
{
    public static Command Create(Terminal terminal)
    {
        var preset = BenchOptions.Preset("Size of a model with random weights:", "B");
        var bundle = new Option<string?>("--bundle")
        {
            Description = "Folder of a bundle whose coarse stage is measured instead of a model with random weights.",
        };
        var vocabulary = CommandOption.Number("--vocabulary", "Vocabulary of a model with random weights.", 512, NumberRange.Between(1, 1 << 24));
        var batch = BenchOptions.Batch("Sequences of a step, one or more numbers.", 1, 8, 32);
        var window = CommandOption.Number(
            "--window", "Positions of each sequence in a step; more than 1 on the simd engine only.", 1, NumberRange.Between(1, DecodeWork.LargestWindow));
        var dtype = CommandOption.Choices("--dtype", "Weight formats, one or more of", Enum.GetValues<WeightFormat>());
        var threads = BenchOptions.Threads();
        var backend = CommandOption.Choice("--backend", "Engines to measure:", ["simd", "torch", "both"], "both");
        var steps = CommandOption.Number("--steps", "Steps of one run.", 32, Ranges.Steps);
        var json = BenchOptions.Json();
        var command = new Command("decode", "Measures decode steps, and the read bandwidth and peak multiply rate of the machine in the same run.")
        {
            preset, bundle, vocabulary, batch, window, dtype, threads, backend, steps, json,
        };
        command.SetAction((arguments, cancellation) =>
        {
            var engines = Enum.Parse<DecodeEngines>(arguments.GetRequiredValue(backend), ignoreCase: true);
            if (arguments.GetValue(window) > 1 && engines != DecodeEngines.Simd)
            {
                throw new UsageException($"{window.Name} is {arguments.GetValue(window)}, which only the simd engine computes. Add {backend.Name} simd.");
            }

            var options = new DecodeBenchmarkOptions(
                [.. arguments.GetRequiredValue(batch).Distinct()],
                [.. arguments.GetRequiredValue(dtype).Distinct()],
                arguments.GetValue(threads),
                arguments.GetValue(steps),
                engines,
                arguments.GetValue(window));
            var (model, transformer) = arguments.GetValue(bundle) is { } folder
                ? (folder, BundleParts.LoadCoarse(BundleOption.Find(folder)))
                : Random(arguments.GetRequiredValue(preset), arguments.GetValue(vocabulary));
            using (transformer)
            {
                var report = DecodeBenchmark.Run(model, transformer, options, terminal.Error.WriteLine, cancellation);
                ReportOutput.Write(terminal.Output, report, arguments.GetValue(json), DecodeTables.Of);
            }
        });
        return command;
    }

    private static (string Model, ClassConditionalTransformer Transformer) Random(string preset, int vocabulary) =>
        ($"GPT-{preset}", RandomTransformer.Create(RandomTransformer.Config(preset, vocabulary)));
}
