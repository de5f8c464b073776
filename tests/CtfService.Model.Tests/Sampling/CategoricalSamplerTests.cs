using CtfService.Core.Generation;
using CtfService.Model.Sampling;
using CtfService.Model.TestSupport;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Sampling;

public sealed class CategoricalSamplerTests : IDisposable
{
    private const float Removed = float.NegativeInfinity;

    private readonly DisposeScope _scope = NewDisposeScope();

    [Fact]
    public void Sample_EvenGridOfUniforms_MatchesTheProbabilities()
    {
        const int draws = 10_000;
        var logits = tensor(new float[] { 0.3f, -1, 2, 0, 1.1f, Removed, -3 }).reshape(1, 7);
        var uniforms = ((arange(draws, ScalarType.Float32) + 0.5) / draws).reshape(draws, 1);

        var counts = Draw(logits.expand(draws, 7), uniforms, new SamplingSettings()).bincount(null, minlength: 7);

        TensorAssert.CloseAbsolute(logits.softmax(1)[0] * draws, counts, 1.01); // each boundary moves by at most one draw
    }

    [Fact]
    public void Sample_OwnRandomStream_PassesChiSquare()
    {
        const int draws = 20_000;
        var logits = linspace(-2, 2, 10, ScalarType.Float32).reshape(1, 10);
        float[] uniforms = [.. Enumerable.Range(0, draws).Select(position => CounterRandom.Uniform(11, SamplingStage.Fine, position))];

        var counts = Draw(logits.expand(draws, 10), tensor(uniforms).reshape(draws, 1), new SamplingSettings()).bincount(null, minlength: 10);

        var expected = logits.softmax(1)[0] * draws;
        Assert.InRange(((counts - expected).pow(2) / expected).sum().item<float>(), 1.15f, 27.9f); // 9 degrees of freedom: 0.1 % on either side
    }

    [Theory]
    [InlineData(0f, 1)]
    [InlineData(CounterRandom.Largest, 4)]
    [InlineData(1f, 4)] // out of range, but still no removed entry
    public void Sample_ExtremeUniform_ReturnsTheFirstOrLastKeptEntry(float uniform, long expected)
    {
        var logits = tensor(new[] { Removed, 0, Removed, 0, 0, Removed }).reshape(1, 6);

        Assert.Equal(expected, Draw(logits, full(1, 1, uniform), new SamplingSettings()).item<long>());
    }

    [Fact]
    public void Sample_MostEntriesRemoved_NeverReturnsARemovedOne()
    {
        var logits = linspace(-4, 4, 16_384, ScalarType.Float32).reshape(1, -1).expand(64, -1).clone();
        logits[.., 0] = Removed;
        logits[.., 16_000..] = Removed;
        var edges = cat([zeros(32, 1), full(32, 1, CounterRandom.Largest)]);

        var labels = Draw(logits, edges, new SamplingSettings(TopP: 0.999f));

        Assert.True(logits.gather(1, labels.unsqueeze(1)).isfinite().all().item<bool>());
        Assert.InRange(labels.max().item<long>(), 1, 15_999);
    }

    [Theory]
    [InlineData(0f, 0)]
    [InlineData(1e-6f, 0)]
    [InlineData(1f, 1)]
    public void Sample_GreedySettings_ReturnsTheFirstHighest(float temperature, int topK)
    {
        var logits = tensor(new[] { 1, 3, 2.9999998f, 3, Removed }).reshape(1, 5);

        Assert.Equal(1, Draw(logits, full(1, 1, 0.99f), new SamplingSettings(temperature, topK)).item<long>());
    }

    [Fact]
    public void Sample_RowAlone_EqualsTheRowInAMixedBatch()
    {
        SamplingSettings[] settings = [new(1.2f), new(0.8f, 3), new(1, 0, 0.7f), new(0), new(1.1f, 5, 0.9f)];
        var logits = linspace(0, 100, 5 * 32, ScalarType.Float32).sin().mul(2).reshape(5, 32);
        var uniforms = linspace(0.05, 0.95, 5, ScalarType.Float32).reshape(5, 1);

        var together = Draw(logits, uniforms, settings);

        for (var row = 0; row < 5; row++)
        {
            Assert.Equal(together[row].item<long>(), Draw(logits[row..(row + 1)], uniforms[row..(row + 1)], settings[row]).item<long>());
        }
    }

    [Fact]
    public void Sample_RowsPerImage_RepeatsEachImagesSettings()
    {
        var logits = tensor(new float[] { 0, 1, 2 }).reshape(1, 3).expand(4, 3);
        using var rows = new RowSampling([new(0), new(1)], 3, CPU, rowsPerImage: 2);

        var labels = CategoricalSampler.SampleInverseCdf(logits, rows, zeros(4, 1));

        Assert.Equal([2, 2, 0, 0], labels.data<long>().ToArray());
    }

    [Fact]
    public void Sample_Repeated_LeaksNoTensor()
    {
        using var rows = new RowSampling([new(1, 3, 0.9f), new(0)], 8, CPU);
        var (logits, uniforms) = (zeros(2, 8), zeros(2, 1));
        CategoricalSampler.SampleInverseCdf(logits, rows, uniforms).Dispose();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        for (var step = 0; step < 3; step++)
        {
            CategoricalSampler.SampleInverseCdf(logits, rows, uniforms).Dispose();
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Combine_RowsOfDifferentScales_UsesTheScaleOfEachRow()
    {
        var conditional = tensor(new float[] { 1, 2, 3, 4 }).reshape(2, 2);
        var unconditional = tensor(new float[] { 0, 4, 1, 1 }).reshape(2, 2);

        var guided = Guidance.Combine(conditional, unconditional, tensor(new float[] { 1, 2 }).reshape(2, 1));

        TensorAssert.Equal(tensor(new float[] { 1, 2, 5, 7 }).reshape(2, 2), guided);
    }

    public void Dispose() => _scope.Dispose();

    private static Tensor Draw(Tensor logits, Tensor uniforms, params SamplingSettings[] settings)
    {
        using var rows = new RowSampling(settings, (int)logits.shape[1], CPU, (int)logits.shape[0] / settings.Length);
        return CategoricalSampler.SampleInverseCdf(logits, rows, uniforms);
    }
}
