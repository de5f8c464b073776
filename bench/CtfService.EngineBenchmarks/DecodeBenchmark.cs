using CtfService.EngineBenchmarks.Acceptance;
using CtfService.Model.Cpu;
using CtfService.Model.Cpu.MatMul;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Transformer;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Engines;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.EngineBenchmarks;

/// <summary>Measures the decode steps of one transformer on each engine, and the limits of the machine.</summary>
public static class DecodeBenchmark
{
    /// <summary>Runs of each engine and batch; the median counts.</summary>
    public const int Runs = 5;

    /// <summary>The parts of a step that the SIMD engine measures, in their order.</summary>
    public static IReadOnlyList<string> Parts { get; } = Enum.GetNames<StepPart>();

    private const string Simd = "simd";
    private const string Torch = "torch";

    /// <param name="model">Name of the transformer in the report.</param>
    /// <param name="progress">Called with the name of each measurement before it starts.</param>
    public static DecodeReport Run(
        string model, ClassConditionalTransformer transformer, DecodeBenchmarkOptions options, Action<string> progress, CancellationToken cancellation)
    {
        set_num_threads(options.Threads);
        using var frozen = no_grad();
        var config = transformer.Config;
        var perLayer = ((4L * config.Width) + (3L * config.FeedForwardWidth)) * config.Width;
        var parameters = (config.Layers * perLayer) + ((long)config.OutputVocabulary * config.Width);
        var (window, lines) = (Math.Min(options.Window, config.Positions), new List<DecodeLine>());
        using var pool = new ComputeThreadPool(options.Threads, adaptive: false);
        using var limits = new MachineLimitMeter(pool);
        if (options.Engines.HasFlag(DecodeEngines.Simd))
        {
            foreach (var format in options.Formats)
            {
                var profiler = new StepProfiler();
                using var engine = new SimdDecodeEngine(
                    config, WeightSource.Of(transformer), pool, new CpuEngineOptions(options.Batches.Max() * window, format, Profiler: profiler));
                // On average, a row attends to half the sequence.
                Measure(engine, Simd, NameOf(format), engine.WeightBytes, engine.PositionBytes, positionsRead: config.Positions / 2.0, profiler);
            }
        }

        if (options.Engines.HasFlag(DecodeEngines.Torch))
        {
            using var engine = new TorchDecodeEngine(transformer, options.Batches.Max());
            var positionBytes = 2L * sizeof(float) * config.Layers * config.Width;
            Measure(
                engine, Torch, NameOf(WeightFormat.Float32), parameters * sizeof(float), positionBytes,
                positionsRead: 1 + config.Positions, // at every step the full length, behind a mask
                profiler: null);
        }

        return new DecodeReport(model, config.OutputVocabulary, options.Threads, (int)VectorWidths.Widest, parameters, WithRatios(lines));

        void Measure(IDecodeEngine engine, string backend, string dtype, long weightBytes, long positionBytes, double positionsRead, StepProfiler? profiler)
        {
            var meter = new DecodeMeter(engine, limits, window);
            foreach (var batch in options.Batches)
            {
                progress($"{backend} {dtype}, batch {batch}");
                var timing = meter.Measure(batch, options.Steps, profiler, cancellation);
                var stepBytes = weightBytes + (batch * positionBytes * positionsRead);
                var labels = AcceptanceTrace.Shipped.LabelsPerStep(window);
                var line = DecodeLine.Of(backend, dtype, timing, stepBytes, OperationsOf(batch * window, positionsRead));
                lines.Add(line with
                {
                    TokensPerSecond = line.TokensPerSecond * labels,
                    BestTokensPerSecond = line.BestTokensPerSecond * labels,
                    Window = window,
                    LabelsPerStep = labels,
                    StepsPerImage = config.Positions / labels,
                });
            }
        }

        // Two operations for each row and weight. In every layer, attention has a score and a weighted value for each position that it reads, D products each.
        double OperationsOf(int rows, double positionsRead) => 2.0 * rows * (parameters + (2.0 * config.Layers * config.Width * positionsRead));
    }

    private static List<DecodeLine> WithRatios(List<DecodeLine> lines) =>
        [.. lines.Select(line => line with
        {
            TimesTorch = lines.FirstOrDefault(other => other.Backend == Torch && other.Batch == line.Batch) is { } torch
                ? line.TokensPerSecond / torch.TokensPerSecond
                : null,
        })];

    private static string NameOf(WeightFormat format) => format.ToString().ToLowerInvariant();
}

/// <summary>What <see cref="DecodeBenchmark"/> measures.</summary>
/// <param name="Batches">Sequences of a step, one measurement each.</param>
/// <param name="Formats">How the SIMD engine stores weights, one measurement each.</param>
/// <param name="Steps">Steps of one run, in which the sequences are spread evenly over the positions.</param>
/// <param name="Window">Positions of each sequence in a step; more than 1 on the SIMD engine only.</param>
public sealed record DecodeBenchmarkOptions(
    IReadOnlyList<int> Batches, IReadOnlyList<WeightFormat> Formats, int Threads, int Steps, DecodeEngines Engines, int Window = 1);

/// <summary>Engines to measure.</summary>
[Flags]
public enum DecodeEngines
{
    /// <summary>Our engine on the CPU's vector units.</summary>
    Simd = 1,

    /// <summary>libtorch on the CPU, float32.</summary>
    Torch = 2,

    /// <summary>Both engines, in turn.</summary>
    Both = Simd | Torch,
}
