using BenchmarkDotNet.Attributes;
using CtfService.Core.Generation;
using CtfService.Model.Sampling;
using static TorchSharp.torch;

namespace CtfService.Benchmarks.Kernels;

/// <summary>One guided sample from a pair of rows of logits, compared with the same steps in libtorch (whose top-k sorts, as in the reference).</summary>
public class SamplingBenchmarks
{
    private const float Scale = 2;

    private float[] _source = [];
    private float[] _unconditional = [];
    private float[] _logits = [];
    private int _position;
    private HostSampler _sampler = null!;
    private SamplingSettings _settings = null!;
    private Tensor _torchConditional = null!;
    private Tensor _torchUnconditional = null!;

    [Params(512, 16384)]
    public int Vocabulary { get; set; }

    [Params(0, 100)]
    public int TopK { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(11);
        _source = [.. Enumerable.Range(0, Vocabulary).Select(_ => (4 * random.NextSingle()) - 2)];
        _unconditional = [.. Enumerable.Range(0, Vocabulary).Select(_ => (4 * random.NextSingle()) - 2)];
        _logits = new float[Vocabulary];
        _sampler = new HostSampler(Vocabulary);
        _settings = new SamplingSettings(TopK: TopK, GuidanceScale: Scale);
        _torchConditional = tensor(_source).unsqueeze(0);
        _torchUnconditional = tensor(_unconditional).unsqueeze(0);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _torchConditional.Dispose();
        _torchUnconditional.Dispose();
    }

    [Benchmark(Baseline = true, Description = "libtorch")]
    public long Torch()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var logits = _torchUnconditional + ((_torchConditional - _torchUnconditional) * Scale);
        if (TopK > 0)
        {
            var (values, _) = topk(logits, TopK);
            logits = logits.masked_fill(logits < values[0, TopK - 1], float.NegativeInfinity);
        }

        return multinomial(softmax(logits, -1), 1).item<long>();
    }

    [Benchmark(Description = "host")]
    public int Host() => Draw(SamplingMethod.GumbelMax);

    [Benchmark(Description = "host, inverse CDF")]
    public int InverseCdf() => Draw(SamplingMethod.InverseCdf);

    private int Draw(SamplingMethod method)
    {
        _source.CopyTo(_logits, 0);
        HostSampler.Guide(_logits, _unconditional, Scale);
        return _sampler.Sample(_logits, _settings, new LabelDraw(method, 7, SamplingStage.Coarse, _position++));
    }
}
