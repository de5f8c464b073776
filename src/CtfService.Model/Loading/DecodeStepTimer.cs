using System.Diagnostics;
using CtfService.Model.Cpu;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Transformer;
using CtfService.Model.Engines;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Loading;

/// <summary>
/// Times decode steps of our CPU engine in several element types, with the first layers of a model: as many as the processor's caches can hardly hold, because
/// a step of the whole model reads its weights from memory too. One thread computes: threads that meet would measure what else the machine does, and the
/// number of cores must not change the choice.
/// </summary>
internal static class DecodeStepTimer
{
    /// <summary>The rows of one guided image.</summary>
    public const int Few = 2;

    /// <summary>The rows of a full step with the default settings, and those of one image whose labels are drafted.</summary>
    public const int Many = 16;

    /// <summary>Bytes of float32 weights that are enough.</summary>
    private const long EnoughBytes = 64L << 20;

    /// <summary>Enough labels; a large vocabulary is only one more matrix.</summary>
    private const int MaxVocabulary = 1_024;

    private const int LeastRounds = 8;

    private const int MostRounds = 60;

    private static readonly TimeSpan Enough = TimeSpan.FromMilliseconds(250);

    /// <summary>Measures each type. The types take turns, and the best of all rounds counts, which other programs disturb least.</summary>
    /// <param name="types">Types of our CPU engine.</param>
    public static IReadOnlyDictionary<ModelDtype, StepTimes> Measure(
        TransformerConfig coarse, WeightSource weights, IReadOnlyList<ModelDtype> types, CancellationToken cancellation)
    {
        var config = Shortened(coarse);
        using var pool = new ComputeThreadPool(threads: 1);
        var engines = new List<SimdDecodeEngine>();
        try
        {
            foreach (var type in types)
            {
                var format = new ModelPlacement(CPU, type).CpuFormat!.Value;
                engines.Add(new SimdDecodeEngine(config, Shortened(weights, config), pool, new CpuEngineOptions(Many, format)));
            }

            var best = engines.Select(_ => new StepTimes(double.MaxValue, double.MaxValue, config.Layers)).ToArray();
            var started = Stopwatch.GetTimestamp();
            for (var round = 0; round < LeastRounds || (round < MostRounds && Stopwatch.GetElapsedTime(started) < Enough); round++)
            {
                cancellation.ThrowIfCancellationRequested();
                for (var engine = 0; engine < engines.Count; engine++)
                {
                    best[engine] = new StepTimes(
                        Math.Min(best[engine].OfFew, Milliseconds(engines[engine], Few)),
                        Math.Min(best[engine].OfMany, Milliseconds(engines[engine], Many)),
                        config.Layers);
                }
            }

            return types.Zip(best).ToDictionary(pair => pair.First, pair => pair.Second);
        }
        finally
        {
            engines.ForEach(engine => engine.Dispose());
        }
    }

    /// <summary>Returns an architecture with the first layers and labels of this one.</summary>
    internal static TransformerConfig Shortened(TransformerConfig config)
    {
        var layerBytes = sizeof(float) * config.Width * ((4L * config.Width) + (3L * config.FeedForwardWidth));
        return config with
        {
            Layers = (int)Math.Clamp((EnoughBytes + layerBytes - 1) / layerBytes, 1, config.Layers),
            InputVocabulary = Math.Min(config.InputVocabulary, MaxVocabulary),
            OutputVocabulary = Math.Min(config.OutputVocabulary, MaxVocabulary),
        };
    }

    private static WeightSource Shortened(WeightSource weights, TransformerConfig config) => weights.Select((name, weight) => name switch
    {
        "tok_embeddings.weight" => weight.narrow(0, 0, config.InputVocabulary),
        "output.weight" => weight.narrow(0, 0, config.OutputVocabulary),
        _ => weight,
    });

    private static double Milliseconds(SimdDecodeEngine engine, int count)
    {
        Span<DecodeRow> rows = stackalloc DecodeRow[count];
        for (var row = 0; row < count; row++)
        {
            rows[row] = new DecodeRow(row, Position: 0, Input: 0);
        }

        var logits = new float[count * engine.Config.OutputVocabulary];
        var started = Stopwatch.GetTimestamp();
        engine.DecodeStep(rows, logits);
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }
}

/// <summary>Times of a decode step, in milliseconds.</summary>
/// <param name="OfFew">With <see cref="DecodeStepTimer.Few"/> rows: what a user waits for whose image is alone.</param>
/// <param name="OfMany">With <see cref="DecodeStepTimer.Many"/> rows: what everybody waits for under load.</param>
/// <param name="Layers">Layers that were measured.</param>
internal sealed record StepTimes(double OfFew, double OfMany, int Layers)
{
    /// <summary>
    /// The geometric mean, in which both count alike: fewer bits save most with few rows, and with many rows their conversion may cost more than they save.
    /// </summary>
    public double Cost => Math.Sqrt(OfFew * OfMany);
}
