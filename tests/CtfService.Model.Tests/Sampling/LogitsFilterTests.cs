using CtfService.Core.Generation;
using CtfService.Model.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Sampling;

public sealed class LogitsFilterTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    [Fact]
    public void Apply_PaddedRows_KeepsThePaddingRemoved()
    {
        var logits = tensor(new[] { 1, float.NegativeInfinity, 3, float.NegativeInfinity, 2 }).reshape(1, 5);
        using var rows = new RowSampling([new SamplingSettings(TopK: 4, TopP: 0.99f)], 5, CPU);

        var kept = LogitsFilter.Apply(logits, rows).isfinite();

        Assert.Equal([true, false, true, false, true], kept.data<bool>().ToArray());
    }

    [Fact]
    public void Apply_TopPAmongTies_KeepsTheLowestIndices()
    {
        using var rows = new RowSampling([new SamplingSettings(TopP: 0.3f)], 4, CPU);

        var kept = LogitsFilter.Apply(ones(1, 4), rows).isfinite();

        Assert.Equal([true, true, false, false], kept.data<bool>().ToArray());
    }

    [Fact]
    public void Apply_OneEntry_KeepsIt()
    {
        using var rows = new RowSampling([new SamplingSettings(TopK: 3, TopP: 0)], 1, CPU);

        Assert.Equal(2, LogitsFilter.Apply(full(1, 1, 2f), rows).item<float>());
    }

    [Fact]
    public void Apply_HalfPrecision_ComputesInSingle()
    {
        using var rows = new RowSampling([new SamplingSettings(0.7f)], 64, CPU, rowsPerImage: 4);

        Assert.Equal(ScalarType.Float32, LogitsFilter.Apply(zeros(4, 64, ScalarType.BFloat16), rows).dtype);
    }

    [Fact]
    public void Apply_OtherShape_Throws()
    {
        using var rows = new RowSampling([new SamplingSettings()], 64, CPU);

        var error = Assert.Throws<ArgumentException>(() => LogitsFilter.Apply(zeros(2, 64), rows));

        Assert.Contains("[2, 64], the settings are for [1, 64]", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1f, 0, 1f)]
    [InlineData(float.NaN, 0, 1f)]
    [InlineData(float.PositiveInfinity, 0, 1f)]
    [InlineData(1f, -1, 1f)]
    [InlineData(1f, 0, 1.1f)]
    [InlineData(1f, 0, float.NaN)]
    [InlineData(1f, 0, 1f, -2)]
    public void RowSampling_OutOfRange_Throws(float temperature, int topK, float topP, int guidanceInterval = SamplingSettings.AlwaysGuided) =>
        Assert.Throws<ArgumentException>(() => new RowSampling([new SamplingSettings(temperature, topK, topP, GuidanceInterval: guidanceInterval)], 4, CPU));

    public void Dispose() => _scope.Dispose();
}
