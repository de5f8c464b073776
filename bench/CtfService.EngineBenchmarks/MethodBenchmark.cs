using System.Diagnostics;
using CtfService.Core.Generation;
using CtfService.Model.Clusters;
using CtfService.Model.Cpu;
using CtfService.Model.Cpu.MatMul;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Transformer;
using CtfService.Model.Engines;
using CtfService.Model.Sampling;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.EngineBenchmarks;

/// <summary>
/// Compares coarse-to-fine prediction with the plain model. All three transformers (coarse over the clusters, fine, plain over the codebook) have the same size
/// and random weights. A decode step is timed with guidance and sampling; a whole sequence is T of them.
/// </summary>
public sealed class MethodBenchmark : IDisposable
{
    public const int Runs = 5;

    /// <summary>Images of one fine pass, as in the serving generator.</summary>
    private const int FineRows = 8;
    private const float GuidanceScale = 2;
    private const int CodewordWidth = 8;

    private readonly ComputeThreadPool _pool;
    private readonly SimdDecodeEngine _coarse;
    private readonly SimdFineEngine _fine;
    private readonly SimdDecodeEngine _plain;
    private readonly Random _random = new(3);

    /// <param name="preset">Size of all three transformers, one of <see cref="RandomTransformer.Presets"/>.</param>
    /// <param name="codewords">Size of the codebook: labels of the plain model.</param>
    /// <param name="clusters">Number of clusters, at most <paramref name="codewords"/>.</param>
    /// <param name="images">Largest batch, in images; with guidance each takes two rows.</param>
    public MethodBenchmark(string preset, int codewords, int clusters, int images, WeightFormat format)
    {
        using var frozen = no_grad();
        var plain = RandomTransformer.Config(preset, codewords);
        var coarse = plain with { InputVocabulary = clusters, OutputVocabulary = clusters };
        var fine = coarse with { OutputVocabulary = plain.OutputVocabulary, Causal = false };
        using var codebook = randn(plain.OutputVocabulary, CodewordWidth);
        var map = ClusterMap.FromAssignments([.. Enumerable.Range(0, plain.OutputVocabulary).Select(token => token % clusters)], codebook);
        var options = new CpuEngineOptions(2 * images, format);
        _pool = new ComputeThreadPool(adaptive: false);
        _coarse = WithRandomWeights(coarse, weights => new SimdDecodeEngine(coarse, weights, _pool, options));
        _fine = WithRandomWeights(fine, weights => new SimdFineEngine(fine, weights, map, _pool, options with { Capacity = FineRows }));
        _plain = WithRandomWeights(plain, weights => new SimdDecodeEngine(plain, weights, _pool, options));
    }

    /// <summary>Measures one batch. Each run times all three transformers, so that other programs disturb all of them alike.</summary>
    /// <param name="steps">Decode steps of one run, in which the sequences are spread evenly over the positions.</param>
    public MethodLine Measure(int images, int steps, CancellationToken cancellation)
    {
        Steps(_coarse, images, _coarse.Config.Positions, cancellation); // fills the caches: a position can be decoded only after those before it
        Steps(_plain, images, _plain.Config.Positions, cancellation);
        Fine(images, cancellation);
        var runs = Enumerable.Range(0, Runs)
            .Select(_ => (
                Coarse: Steps(_coarse, images, steps, cancellation),
                Fine: Fine(images, cancellation),
                Plain: Steps(_plain, images, steps, cancellation)))
            .ToList();
        return new MethodLine(
            images,
            Medians.Of(runs, run => run.Coarse),
            Medians.Of(runs, run => run.Fine),
            Medians.Of(runs, run => run.Plain),
            Medians.Of(runs, run => (run.Coarse + run.Fine) / run.Plain));
    }

    public void Dispose()
    {
        _coarse.Dispose();
        _fine.Dispose();
        _plain.Dispose();
        _pool.Dispose();
    }

    private static TEngine WithRandomWeights<TEngine>(TransformerConfig config, Func<WeightSource, TEngine> build)
    {
        using var transformer = RandomTransformer.Create(config);
        return build(WeightSource.Of(transformer));
    }

    /// <summary>Returns the seconds of a whole sequence, extrapolated from some of its steps.</summary>
    private double Steps(SimdDecodeEngine engine, int images, int steps, CancellationToken cancellation)
    {
        var (config, rows) = (engine.Config, new DecodeRow[2 * images]);
        var logits = new float[rows.Length * config.OutputVocabulary];
        var sampler = new HostSampler(config.OutputVocabulary);
        var settings = new SamplingSettings(GuidanceScale: GuidanceScale);
        var started = Stopwatch.GetTimestamp();
        for (var step = 0; step < steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            for (var row = 0; row < rows.Length; row++)
            {
                var position = StepPositions.Of(row, rows.Length, step, steps, config.Positions);
                rows[row] = new DecodeRow(row, position, _random.Next(position == 0 ? config.ClassCount : config.InputVocabulary));
            }

            engine.DecodeStep(rows, logits);
            for (var image = 0; image < images; image++)
            {
                var conditional = logits.AsSpan(2 * image * config.OutputVocabulary, config.OutputVocabulary);
                HostSampler.Guide(conditional, logits.AsSpan(((2 * image) + 1) * config.OutputVocabulary, config.OutputVocabulary), GuidanceScale);
                sampler.Sample(conditional, settings, new LabelDraw(SamplingMethod.GumbelMax, (ulong)image, SamplingStage.Coarse, rows[2 * image].Position));
            }
        }

        return Stopwatch.GetElapsedTime(started).TotalSeconds / steps * config.Positions;
    }

    /// <summary>Returns the seconds of the fine pass and of sampling every token.</summary>
    private double Fine(int images, CancellationToken cancellation)
    {
        var (config, members) = (_fine.Config, _fine.LargestCluster);
        var sampler = new HostSampler(members);
        var settings = new SamplingSettings();
        var started = Stopwatch.GetTimestamp();
        foreach (var chunk in Enumerable.Range(0, images).Chunk(FineRows))
        {
            cancellation.ThrowIfCancellationRequested();
            var classIds = chunk.Select(image => image % config.ClassCount).ToArray();
            var labels = Enumerable.Range(0, chunk.Length * config.Positions).Select(_ => _random.Next(config.InputVocabulary)).ToArray();
            var hidden = new float[labels.Length * config.Width];
            var logits = new float[labels.Length * members];
            _fine.Run(classIds, labels, hidden, cancellation);
            _fine.ScoreMembers(hidden, labels, logits);
            for (var position = 0; position < labels.Length; position++)
            {
                var draw = new LabelDraw(SamplingMethod.GumbelMax, (ulong)images, SamplingStage.Fine, position);
                sampler.Sample(logits.AsSpan(position * members, members), settings, draw);
            }
        }

        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}

/// <summary>Seconds for the tokens of a batch.</summary>
/// <param name="TimesPlain">Coarse and fine together over plain: the ratio of each run, and the median of these.</param>
public sealed record MethodLine(int Images, double CoarseSeconds, double FineSeconds, double PlainSeconds, double TimesPlain);
