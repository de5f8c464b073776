using CtfService.Core.Generation;
using CtfService.Model.Checkpoints;
using CtfService.Model.Sampling;
using CtfService.TestSupport;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Sampling;

/// <summary>Compares the host sampler with the tensor sampler, which golden values of the reference check.</summary>
public sealed class HostSamplerTests
{
    public static TheoryData<float, int, float> Settings => new()
    {
        { 1, 0, 1 },
        { 0.7f, 0, 1 },
        { 0, 0, 1 },
        { 1, 1, 1 },
        { 1.3f, 5, 1 },
        { 1, 500, 1 },
        { 1, 0, 0.9f },
        { 1, 0, 0 },
        { 2, 20, 0.6f },
        { 0.8f, 7, 1 },
    };

    [Theory]
    [MemberData(nameof(Settings))]
    public void Sample_GoldenLogits_EqualsTheTensorSampler(float temperature, int topK, float topP)
    {
        using var scope = NewDisposeScope();
        using var golden = SafetensorsFile.Open(GoldenFolder.File("sampling.safetensors"));
        var settings = new SamplingSettings(temperature, topK, topP);

        foreach (var name in golden.Entries.Select(entry => entry.Name).Where(name => name.StartsWith("logits", StringComparison.Ordinal)))
        {
            var logits = golden.Read(name);
            var (rows, vocabulary) = ((int)logits.shape[0], (int)logits.shape[1]);
            var seeds = Enumerable.Range(0, rows).Select(row => (ulong)row << 30).ToArray();
            using var sampling = new RowSampling([.. Enumerable.Repeat(settings, rows)], vocabulary, CPU);
            for (var position = 0; position < 200; position++)
            {
                var (seedsOnDevice, positions) = (tensor(seeds.Select(seed => (long)seed).ToArray()), full(rows, position, ScalarType.Int64));
                var noise = DeviceNoise.Gumbel(seedsOnDevice, SamplingStage.Fine, positions, 1, vocabulary).squeeze(1);
                var gumbelMax = CategoricalSampler.SampleGumbelMax(logits, sampling, noise);
                var uniforms = DeviceNoise.Uniforms(seedsOnDevice, SamplingStage.Fine, positions.unsqueeze(1));
                var inverseCdf = CategoricalSampler.SampleInverseCdf(logits, sampling, uniforms);

                Assert.Equal(gumbelMax.data<long>(), OnHost(logits, settings, SamplingMethod.GumbelMax, seeds, position));
                Assert.Equal(inverseCdf.data<long>(), OnHost(logits, settings, SamplingMethod.InverseCdf, seeds, position));
            }
        }
    }

    [Theory]
    [InlineData(SamplingMethod.GumbelMax)]
    [InlineData(SamplingMethod.InverseCdf)]
    public void Sample_RemovedEntries_AreNeverReturned(SamplingMethod method)
    {
        var sampler = new HostSampler(4);

        for (var draw = 0; draw < 1000; draw++)
        {
            float[] logits = [float.NegativeInfinity, 1, float.NegativeInfinity, 1];
            Assert.Contains(sampler.Sample(logits, new SamplingSettings(), Draw(method, draw)), new[] { 1, 3 });
        }
    }

    [Fact]
    public void Sample_LargestUniform_ReturnsTheLastPossibleEntry()
    {
        float[] logits = [0, 0, 0, float.NegativeInfinity];

        Assert.Equal(2, new InverseCdfSampler(4).Sample(logits, new SamplingSettings(), CounterRandom.Largest));
    }

    [Fact]
    public void Guide_AnyScale_EqualsTheReferenceFormula()
    {
        float[] conditional = [1, 2, -1];

        HostSampler.Guide(conditional, [0.5f, 3, -1], scale: 4);

        Assert.Equal([2.5f, -1, -1], conditional);
    }

    [Theory]
    [InlineData(SamplingMethod.GumbelMax)]
    [InlineData(SamplingMethod.InverseCdf)]
    public void Sample_AnyFilter_AllocatesNothing(SamplingMethod method)
    {
        var sampler = new HostSampler(512);
        var logits = new float[512];
        var settings = new SamplingSettings(TopK: 10, TopP: 0.5f);
        sampler.Sample(logits, settings, Draw(method, 0));
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var i = 0; i < 100; i++)
        {
            sampler.Sample(logits, settings, Draw(method, i));
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static LabelDraw Draw(SamplingMethod method, int position) => new(method, Seed: 1, SamplingStage.Fine, position);

    private static IEnumerable<long> OnHost(Tensor logits, SamplingSettings settings, SamplingMethod method, ulong[] seeds, int position)
    {
        var sampler = new HostSampler((int)logits.shape[1]);
        return seeds.Select((seed, row) =>
            (long)sampler.Sample(logits[row].data<float>().ToArray(), settings, new LabelDraw(method, seed, SamplingStage.Fine, position)));
    }
}
