using System.Diagnostics;
using CtfService.Core.Generation;
using CtfService.Model.Clusters;
using CtfService.Model.Cpu;
using CtfService.Model.Cpu.Passes;
using CtfService.Model.Cpu.Threads;
using CtfService.Model.Cpu.Weights;
using CtfService.Model.Sampling;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Cli.Commands.Bench;

/// <summary>
/// Three transformers of one size with random weights: coarse over the clusters, fine, and plain over the codebook. A decode step is timed with guidance and the
/// draw; a whole sequence is T of them.
/// </summary>
internal sealed class MethodBenchmark : IDisposable
{
    public const int Runs = 5;

    /// <summary>As the generator that serves.</summary>
    private const int FineRows = 8;
    private const float GuidanceScale = 2;
    private const int CodewordWidth = 8;

    private readonly SimdDecodeEngine _coarse;
    private readonly SimdFineEngine _fine;
    private readonly SimdDecodeEngine _plain;
    private readonly Random _random = new(3);

    private MethodBenchmark(SimdDecodeEngine coarse, SimdFineEngine fine, SimdDecodeEngine plain)
    {
        _coarse = coarse;
        _fine = fine;
        _plain = plain;
    }

    /// <param name="plain">Architecture of the plain model.</param>
    /// <param name="images">Most images of a batch; with guidance each takes two rows.</param>
    public static MethodBenchmark Create(TransformerConfig plain, int clusters, int images, WeightFormat format, ThreadTeam team)
    {
        var coarse = plain with { InputVocabulary = clusters, OutputVocabulary = clusters };
        var fine = coarse with { OutputVocabulary = plain.OutputVocabulary, Causal = false };
        using var codebook = randn(plain.OutputVocabulary, CodewordWidth);
        var map = ClusterMap.FromAssignments([.. Enumerable.Range(0, plain.OutputVocabulary).Select(token => token % clusters)], codebook);
        var options = new CpuEngineOptions(2 * images, format);
        return new MethodBenchmark(
            WithRandomWeights(coarse, weights => new SimdDecodeEngine(coarse, weights, team, options)),
            WithRandomWeights(fine, weights => new SimdFineEngine(fine, weights, map, team, options with { Capacity = FineRows })),
            WithRandomWeights(plain, weights => new SimdDecodeEngine(plain, weights, team, options)));
    }

    /// <summary>Each run times all three one after another, so that a noisy machine is noisy for all.</summary>
    public MethodLine Measure(int images, int steps, CancellationToken cancellation)
    {
        Steps(_coarse, images, _coarse.Config.Positions, cancellation); // fills the caches: a position is there once those before it were
        Steps(_plain, images, _plain.Config.Positions, cancellation);
        Fine(images, cancellation);
        var runs = Enumerable.Range(0, Runs)
            .Select(_ => (Coarse: Steps(_coarse, images, steps, cancellation), Fine: Fine(images, cancellation), Plain: Steps(_plain, images, steps, cancellation)))
            .ToList();
        double Median(Func<(double Coarse, double Fine, double Plain), double> figure) => runs.Select(figure).Order().ElementAt(Runs / 2);
        return new MethodLine(images, Median(run => run.Coarse), Median(run => run.Fine), Median(run => run.Plain), Median(run => (run.Coarse + run.Fine) / run.Plain));
    }

    public void Dispose()
    {
        _coarse.Dispose();
        _fine.Dispose();
        _plain.Dispose();
    }

    private static TEngine WithRandomWeights<TEngine>(TransformerConfig config, Func<WeightSource, TEngine> build)
    {
        using var transformer = new ClassConditionalTransformer(config);
        nn.init.normal_(transformer.OutputWeight, 0, 0.02);
        return build(WeightSource.Of(transformer));
    }

    /// <summary>Seconds for a whole sequence, from some of its steps.</summary>
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
            var position = (int)((step + 0.5) * config.Positions / steps);
            for (var row = 0; row < rows.Length; row++)
            {
                rows[row] = new DecodeRow(row, position, _random.Next(position == 0 ? config.ClassCount : config.InputVocabulary));
            }

            engine.DecodeStep(rows, logits);
            for (var image = 0; image < images; image++)
            {
                var conditional = logits.AsSpan(2 * image * config.OutputVocabulary, config.OutputVocabulary);
                HostSampler.Guide(conditional, logits.AsSpan(((2 * image) + 1) * config.OutputVocabulary, config.OutputVocabulary), GuidanceScale);
                sampler.Sample(conditional, settings, _random.NextSingle());
            }
        }

        return Stopwatch.GetElapsedTime(started).TotalSeconds / steps * config.Positions;
    }

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
            for (var cell = 0; cell < labels.Length; cell++)
            {
                sampler.Sample(logits.AsSpan(cell * members, members), settings, _random.NextSingle());
            }
        }

        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}

/// <summary>Seconds for the tokens of a batch.</summary>
/// <param name="TimesPlain">Coarse and fine over plain, inside one run; median over the runs.</param>
internal sealed record MethodLine(int Images, double CoarseSeconds, double FineSeconds, double PlainSeconds, double TimesPlain);
