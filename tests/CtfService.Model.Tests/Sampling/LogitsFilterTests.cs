using System.Text.Json;
using CtfService.Core.Generation;
using CtfService.Model.Checkpoints;
using CtfService.Model.Sampling;
using CtfService.Model.TestSupport;
using CtfService.TestSupport;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Sampling;

public sealed class LogitsFilterTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly SafetensorsFile _golden = SafetensorsFile.Open(GoldenFolder.File("sampling.safetensors"));

    public static TheoryData<string> Cases =>
        [.. Enumerable.Range(0, 13).Select(i => $"case{i:D2}"), .. Enumerable.Range(0, 3).Select(i => $"tie{i:D2}")];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Apply_ReferenceCase_KeepsTheSameEntries(string name)
    {
        var (logits, settings) = Case(name);
        using var rows = new RowSampling([settings], 64, CPU, rowsPerImage: 4);

        var filtered = LogitsFilter.Apply(logits, rows);

        TensorAssert.Close(_golden.Read($"{name}.filtered"), filtered, 2e-5);
        TensorAssert.CloseAbsolute(_golden.Read($"{name}.probs"), filtered.softmax(1), 1e-6);
    }

    [Theory]
    [InlineData("case03")] // top-k 1
    [InlineData("case11")] // temperature 0
    [InlineData("case12")] // temperature 0, top-k, top-p
    public void Sample_GreedyReferenceCase_TakesTheSameEntry(string name)
    {
        var (logits, settings) = Case(name);
        using var rows = new RowSampling([settings], 64, CPU, rowsPerImage: 4);

        var labels = CategoricalSampler.Sample(logits, rows, full(4, 1, 0.9f));

        TensorAssert.Equal(_golden.Read($"{name}.argmax").squeeze(1), labels);
    }

    [Fact]
    public void Apply_MixedRows_EachByItsOwnSettings()
    {
        var logits = _golden.Read("logits")[0].expand(13, -1);
        using var rows = new RowSampling([.. Enumerable.Range(0, 13).Select(i => Case($"case{i:D2}").Settings)], 64, CPU);

        var filtered = LogitsFilter.Apply(logits, rows);

        for (var row = 0; row < 13; row++)
        {
            TensorAssert.Close(_golden.Read($"case{row:D2}.filtered")[0], filtered[row], 2e-5);
        }
    }

    [Fact]
    public void Apply_PaddedRows_KeepsThePaddingOut()
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

        Assert.Equal(ScalarType.Float32, LogitsFilter.Apply(_golden.Read("logits", ScalarType.BFloat16), rows).dtype);
    }

    [Fact]
    public void Apply_OtherShape_IsRefused()
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
    public void RowSampling_OutOfRange_IsRefused(float temperature, int topK, float topP) =>
        Assert.Throws<ArgumentException>(() => new RowSampling([new SamplingSettings(temperature, topK, topP)], 4, CPU));

    public void Dispose()
    {
        _golden.Dispose();
        _scope.Dispose();
    }

    private (Tensor Logits, SamplingSettings Settings) Case(string name)
    {
        var description = JsonDocument.Parse(_golden.Metadata[name]).RootElement;
        var settings = new SamplingSettings(
            description.GetProperty("temperature").GetSingle(), description.GetProperty("top_k").GetInt32(), description.GetProperty("top_p").GetSingle());
        return (_golden.Read(description.GetProperty("input").GetString()!), settings);
    }
}
