using System.Diagnostics;
using System.Runtime.ExceptionServices;
using CtfService.Model.Cpu;
using CtfService.Model.Cpu.MatMul;
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

    private static readonly TimeSpan Enough = TimeSpan.FromMilliseconds(60);

    /// <summary>Measures each type. The types take turns, and the best of all rounds counts, which other programs disturb least.</summary>
    /// <param name="types">Types of our CPU engine.</param>
    public static IReadOnlyDictionary<ModelDtype, StepTimes> Measure(
        TransformerConfig coarse, WeightSource weights, IReadOnlyList<ModelDtype> types, CancellationToken cancellation)
    {
        var config = Shortened(coarse);
        var source = Shortened(weights, config);
        var engines = new TimedEngine[types.Count];
        try
        {
            Build(engines, type => new TimedEngine(config, source, new ModelPlacement(CPU, types[type]).CpuFormat!.Value));
            var best = engines.Select(_ => new StepTimes(double.MaxValue, double.MaxValue, config.Layers)).ToArray();
            var started = Stopwatch.GetTimestamp();
            for (var round = 0; round < LeastRounds || (round < MostRounds && Stopwatch.GetElapsedTime(started) < Enough); round++)
            {
                cancellation.ThrowIfCancellationRequested();
                for (var engine = 0; engine < engines.Length; engine++)
                {
                    best[engine] = new StepTimes(
                        Math.Min(best[engine].OfFew, engines[engine].Milliseconds(Few)),
                        Math.Min(best[engine].OfMany, engines[engine].Milliseconds(Many)),
                        config.Layers);
                }
            }

            return types.Zip(best).ToDictionary(pair => pair.First, pair => pair.Second);
        }
        finally
        {
            foreach (var engine in engines)
            {
                engine?.Dispose();
            }
        }
    }

    /// <summary>Builds the engines on all cores, because most of the time goes into compiling the kernels of each type.</summary>
    private static void Build(TimedEngine[] engines, Func<int, TimedEngine> build)
    {
        try
        {
            Parallel.For(0, engines.Length, engine => engines[engine] = build(engine));
        }
        catch (AggregateException errors)
        {
            ExceptionDispatchInfo.Throw(errors.InnerExceptions[0]);
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

    /// <summary>An engine with a thread pool of its own. Its kernels are compiled when it is built.</summary>
    private sealed class TimedEngine : IDisposable
    {
        private readonly ComputeThreadPool _pool = new(threads: 1);
        private readonly SimdDecodeEngine _engine;

        public TimedEngine(TransformerConfig config, WeightSource weights, WeightFormat format)
        {
            try
            {
                _engine = new SimdDecodeEngine(config, weights, _pool, new CpuEngineOptions(Many, format));
            }
            catch
            {
                _pool.Dispose();
                throw;
            }

            Milliseconds(Few);
            Milliseconds(Many);
        }

        /// <summary>Runs a step with so many rows.</summary>
        public double Milliseconds(int count)
        {
            Span<DecodeRow> rows = stackalloc DecodeRow[count];
            for (var row = 0; row < count; row++)
            {
                rows[row] = new DecodeRow(row, Position: 0, Input: 0);
            }

            var logits = new float[count * _engine.Config.OutputVocabulary];
            var started = Stopwatch.GetTimestamp();
            _engine.DecodeStep(rows, logits);
            return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }

        public void Dispose()
        {
            _engine.Dispose();
            _pool.Dispose();
        }
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
