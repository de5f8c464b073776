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
            var sampler = new HostSampler(vocabulary);
            using var sampling = new RowSampling([.. Enumerable.Repeat(settings, rows)], vocabulary, CPU);
            for (var draw = 0; draw < 200; draw++)
            {
                var uniforms = Enumerable.Range(0, rows).Select(row => CounterRandom.Uniform(5, SamplingStage.Coarse, row, draw)).ToArray();

                var expected = CategoricalSampler.Sample(logits, sampling, tensor(uniforms).reshape(-1, 1)).data<long>().ToArray();
                var actual = Enumerable.Range(0, rows).Select(row => (long)sampler.Sample(logits[row].data<float>().ToArray(), settings, uniforms[row]));

                Assert.Equal(expected, actual);
            }
        }
    }

    [Fact]
    public void Sample_RemovedEntries_AreNeverReturned()
    {
        var sampler = new HostSampler(4);

        for (var draw = 0; draw < 1000; draw++)
        {
            float[] logits = [float.NegativeInfinity, 1, float.NegativeInfinity, 1];
            Assert.Contains(sampler.Sample(logits, new SamplingSettings(), CounterRandom.Uniform(1, SamplingStage.Fine, 0, draw)), new[] { 1, 3 });
        }
    }

    [Fact]
    public void Sample_LargestUniform_ReturnsTheLastPossibleEntry()
    {
        float[] logits = [0, 0, 0, float.NegativeInfinity];

        Assert.Equal(2, new HostSampler(4).Sample(logits, new SamplingSettings(), CounterRandom.Largest));
    }

    [Fact]
    public void Guide_AnyScale_EqualsTheReferenceFormula()
    {
        float[] conditional = [1, 2, -1];

        HostSampler.Guide(conditional, [0.5f, 3, -1], scale: 4);

        Assert.Equal([2.5f, -1, -1], conditional);
    }

    [Fact]
    public void Sample_AnyFilter_AllocatesNothing()
    {
        var sampler = new HostSampler(512);
        var logits = new float[512];
        var settings = new SamplingSettings(TopK: 10, TopP: 0.5f);
        sampler.Sample(logits, settings, 0.5f);
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var i = 0; i < 100; i++)
        {
            sampler.Sample(logits, settings, 0.5f);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
