using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Core.Generation;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.Cpu;
using CtfService.Model.Cpu.Passes;
using CtfService.Model.Cpu.Threads;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Cpu.Weights;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Cli.Commands.Bench;

/// <summary><c>ctf bench decode</c>: how fast labels are drawn, beside what the machine allows.</summary>
internal static class DecodeBenchCommand
{
    private const string Simd = "simd";
    private const string Torch = "torch";
    private const string Both = "both";

    public static Command Create(Terminal terminal)
    {
        var preset = CommandOption.WithDefault("--preset", $"Size of a random model: {DecodePreset.Names}.", "B");
        preset.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && !DecodePreset.Exists(result.Tokens[0].Value))
            {
                result.AddError($"--preset '{result.Tokens[0].Value}' is not one of {DecodePreset.Names}.");
            }
        });
        var bundle = new Option<string?>("--bundle") { Description = "Folder of a bundle; its coarse stage is measured in place of a random model." };
        var vocabulary = CommandOption.Number("--vocabulary", "Labels of a random model.", 512, NumberRange.Between(1, 1 << 24));
        var batch = CommandOption.Numbers("--batch", "Rows of a step; several may be given.", [1, 8, 32], Ranges.Batch);
        var dtype = CommandOption.Choices("--dtype", "Formats of the weights, one or more of", Enum.GetValues<WeightFormat>());
        var threads = CommandOption.Number("--threads", "Threads to compute with.", Environment.ProcessorCount, Ranges.Threads);
        var backend = CommandOption.WithDefault("--backend", "What to measure: simd, torch, both.", Both);
        backend.AcceptOnlyFromAmong(Simd, Torch, Both);
        var steps = CommandOption.Number("--steps", "Steps of one run, spread evenly over the sequence.", 32, Ranges.Steps);
        var json = new Option<bool>("--json") { Description = "Print JSON in place of tables." };
        var command = new Command("decode", "Measures decode steps beside the machine's read bandwidth and product peak of the same run.")
        {
            preset, bundle, vocabulary, batch, dtype, threads, backend, steps, json,
        };
        command.SetAction((arguments, cancellation) =>
        {
            var request = new Request(
                [.. arguments.GetRequiredValue(batch).Distinct()],
                [.. arguments.GetRequiredValue(dtype).Distinct()],
                arguments.GetValue(threads),
                arguments.GetRequiredValue(backend),
                arguments.GetValue(steps));
            set_num_threads(request.Threads);
            using var frozen = no_grad();
            var (name, transformer) = arguments.GetValue(bundle) is { } directory
                ? (directory, Load(directory))
                : ($"GPT-{arguments.GetRequiredValue(preset)}", Random(DecodePreset.Config(arguments.GetRequiredValue(preset), arguments.GetValue(vocabulary))));
            using (transformer)
            {
                Write(terminal, Measure(terminal, request, name, transformer, cancellation), arguments.GetValue(json));
            }

            return Task.FromResult(CommandLine.Success);
        });
        return command;
    }

    private static DecodeReport Measure(Terminal terminal, Request request, string name, ClassConditionalTransformer transformer, CancellationToken cancellation)
    {
        var config = transformer.Config;
        var parameters = (config.Layers * ((4L * config.Width) + (3L * config.FeedForwardWidth)) * config.Width) + ((long)config.OutputVocabulary * config.Width);
        var lines = new List<DecodeLine>();
        using var team = new ThreadTeam(request.Threads, givesWay: false);
        using var meter = new MachineLimitMeter(team);
        if (request.Backend != Torch)
        {
            foreach (var format in request.Formats)
            {
                var clock = new StepClock();
                using var engine = new SimdDecodeEngine(config, WeightSource.Of(transformer), team, new CpuEngineOptions(request.Batches.Max(), format, Clock: clock));
                Run(engine, Simd, NameOf(format), engine.WeightBytes, engine.PositionBytes, clock);
            }
        }

        if (request.Backend != Simd)
        {
            using var engine = new TorchDecodeEngine(transformer, CPU, request.Batches.Max());
            Run(engine, Torch, NameOf(WeightFormat.Float32), parameters * sizeof(float), 2L * sizeof(float) * config.Layers * config.Width, clock: null);
        }

        return new DecodeReport(name, config.OutputVocabulary, request.Threads, (int)VectorWidths.Widest, parameters, WithRatios(lines));

        void Run(IDecodeEngine engine, string backend, string dtype, long weightBytes, long positionBytes, StepClock? clock)
        {
            var benchmark = new DecodeBenchmark(engine, meter);
            foreach (var batch in request.Batches)
            {
                terminal.Error.WriteLine($"{backend} {dtype}, batch {batch}");
                var timing = benchmark.Measure(batch, request.Steps, clock, cancellation);
                var stepBytes = weightBytes + (batch * positionBytes * config.Positions / 2); // half the sequence lies behind a row on average
                lines.Add(DecodeLine.Of(backend, dtype, timing, stepBytes, parameters, config));
            }
        }
    }

    private static List<DecodeLine> WithRatios(List<DecodeLine> lines) =>
        [.. lines.Select(line => line with
        {
            TimesTorch = lines.FirstOrDefault(other => other.Backend == Torch && other.Batch == line.Batch) is { } torch
                ? line.TokensPerSecond / torch.TokensPerSecond
                : null,
        })];

    private static void Write(Terminal terminal, DecodeReport report, bool asJson)
    {
        if (asJson)
        {
            ReportJson.Write(terminal.Output, report);
            return;
        }

        BenchTables.Write(terminal.Output, report.ToTable(), report.ToPartsTable());
    }

    private static ClassConditionalTransformer Random(TransformerConfig config)
    {
        var transformer = new ClassConditionalTransformer(config);
        nn.init.normal_(transformer.OutputWeight, 0, 0.02);
        transformer.eval();
        return transformer;
    }

    private static ClassConditionalTransformer Load(string directory)
    {
        var bundle = BundleReader.Open(BundleOption.Find(directory));
        var transformer = new ClassConditionalTransformer(bundle.Manifest.Coarse);
        using var weights = SafetensorsFile.Open(bundle.CoarsePath);
        StateDictLoader.Load(transformer, weights);
        transformer.eval();
        return transformer;
    }

    private static string NameOf(WeightFormat format) => format.ToString().ToLowerInvariant();

    private sealed record Request(IReadOnlyList<int> Batches, IReadOnlyList<WeightFormat> Formats, int Threads, string Backend, int Steps);
}
