using CtfService.Model.Bundles;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Loading;
using CtfService.Model.Tests.Bundles;
using CtfService.Model.TestSupport;
using CtfService.Model.Transformer;

namespace CtfService.Model.Tests.Loading;

public sealed class DtypeChoiceTests
{
    [Theory]
    [InlineData(1.00, 0.58, 0.46, ModelDtype.Int8)]
    [InlineData(1.00, 0.46, 0.46, ModelDtype.Int8)] // a tie: fewer bits
    [InlineData(1.00, 0.36, 0.46, ModelDtype.Int8)] // bfloat16 is not clearly faster
    [InlineData(1.00, 0.35, 0.46, ModelDtype.BFloat16)]
    [InlineData(1.00, 0.90, 0.77, ModelDtype.Float32)] // nothing is clearly faster
    [InlineData(1.00, 0.90, 0.76, ModelDtype.Int8)]
    [InlineData(1.00, 0.76, 1.30, ModelDtype.BFloat16)]
    [InlineData(1.00, 2.00, 3.00, ModelDtype.Float32)]
    public void Fastest_Times_AnotherTypeMustBeClearlyFaster(double ofFloat32, double ofBFloat16, double ofInt8, ModelDtype expected) =>
        Assert.Equal(expected, DtypeChoice.Fastest(new Dictionary<ModelDtype, StepTimes>
        {
            [ModelDtype.Float32] = Times(ofFloat32),
            [ModelDtype.BFloat16] = Times(ofBFloat16),
            [ModelDtype.Int8] = Times(ofInt8),
        }));

    [Fact]
    public void Fastest_FewAndManyRows_CountAlike() => Assert.Equal(ModelDtype.Float32, DtypeChoice.Fastest(new Dictionary<ModelDtype, StepTimes>
    {
        [ModelDtype.Float32] = new(OfFew: 1, OfMany: 4, Layers: 1),
        [ModelDtype.Int8] = new(OfFew: 0.7, OfMany: 5.5, Layers: 1), // faster alone, slower under load
    }));

    [Fact]
    public void Of_NoEvaluation_IsFloat32AndMeasuresNothing()
    {
        var choice = DtypeChoice.Of(TinyManifest.Create(), _ => throw new InvalidOperationException("measured"));

        Assert.Equal(new DtypeChoice(ModelDtype.Float32, "no other type is known to be as good: the bundle records no evaluation of formats"), choice);
    }

    [Fact]
    public void Of_FormatThatIsNotAllowed_IsNotMeasured()
    {
        var manifest = RecordedManifest.Create(("float32", 0.5, 0.9), ("bfloat16", 0.5, 0.9), ("int8", 0.9, 0.9));

        var choice = DtypeChoice.Of(manifest, types =>
        {
            Assert.Equal([ModelDtype.Float32, ModelDtype.BFloat16], types);
            return types.ToDictionary(type => type, type => Times(type == ModelDtype.Float32 ? 2 : 1));
        });

        Assert.Equal(ModelDtype.BFloat16, choice.Dtype);
        Assert.Equal(
            "one thread computes 2 and 16 rows in float32 2.000 and 2.000 ms; bfloat16 1.000 and 1.000 ms (1 of 2 layers)", choice.Reason);
    }

    [Fact]
    public void Load_Auto_ComputesInWhatWasChosenAndEveryLoadChoosesTheSame()
    {
        using var bundle = new TinyBundle();
        Record(bundle);

        var loads = Enumerable.Range(0, 3).Select(_ =>
        {
            using var parts = BundleLoader.Load(bundle.Directory, ModelPlacement.Parse("cpu", "auto"), rows: 4);
            return parts.Description;
        }).ToList();

        Assert.All(loads, model => Assert.Equal((loads[0].Dtype, loads[0].DtypeReason), (model.Dtype, model.DtypeReason))); // measured once
        Assert.Contains(loads[0].Dtype, FormatRule.Formats);
        Assert.StartsWith("one thread computes 2 and 16 rows in float32 ", loads[0].DtypeReason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("float32")]
    [InlineData("int8")]
    public void Load_NamedType_IsUsedWithoutAChoice(string dtype)
    {
        using var bundle = new TinyBundle();
        Record(bundle);

        using var parts = BundleLoader.Load(bundle.Directory, ModelPlacement.Parse("cpu", dtype), rows: 4);

        Assert.Equal((dtype, null), (parts.Description.Dtype, parts.Description.DtypeReason));
    }

    [Fact]
    public void Parse_Auto_ChoosesOnTheCpu()
    {
        Assert.True(ModelPlacement.Parse("cpu", "auto").ChoosesDtype);
        Assert.False(ModelPlacement.Parse("cpu", "float32").ChoosesDtype);
    }

    [Theory]
    [InlineData(256, 6, 6)] // the shipped model: all layers
    [InlineData(768, 12, 3)] // GPT-B
    [InlineData(1_280, 36, 1)] // GPT-XL
    public void Shortened_LargeModel_HasTheFirstLayersAndLabels(int width, int layers, int expected)
    {
        var config = new TransformerConfig
        {
            Width = width,
            Layers = layers,
            Heads = 4,
            InputVocabulary = 16_384,
            OutputVocabulary = 512,
            ClassCount = 10,
            GridHeight = 4,
            GridWidth = 4,
            Causal = true,
        };

        var shortened = DecodeStepTimer.Shortened(config);

        Assert.Equal(config with { Layers = expected, InputVocabulary = 1_024 }, shortened);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // 64 labels in and out
    public void Measure_EveryType_ReturnsItsTimes(bool plain)
    {
        using var bundle = new TinyBundle(plain);
        using var weights = BundleReader.OpenWeights(bundle.Directory);
        ModelDtype[] types = [ModelDtype.Float32, ModelDtype.BFloat16, ModelDtype.Int8];

        var times = DecodeStepTimer.Measure(weights.Bundle.Manifest.Coarse, WeightSource.Of(weights.Coarse), types, CancellationToken.None);

        Assert.Equal(types, times.Keys.Order());
        Assert.All(times.Values, time => Assert.True(time is { OfFew: > 0 and < 1_000, OfMany: > 0 and < 1_000, Layers: 2 }));
    }

    [Fact]
    public void Measure_Cancelled_Stops()
    {
        using var bundle = new TinyBundle();
        using var weights = BundleReader.OpenWeights(bundle.Directory);

        Assert.Throws<OperationCanceledException>(() => DecodeStepTimer.Measure(
            weights.Bundle.Manifest.Coarse, WeightSource.Of(weights.Coarse), [ModelDtype.Float32, ModelDtype.Int8], new CancellationToken(canceled: true)));
    }

    private static void Record(TinyBundle bundle)
    {
        var read = BundleReader.Open(bundle.Directory);
        EvaluationRecorder.Record(read, RecordedManifest.Of(read.Manifest).Evaluation!);
    }

    private static StepTimes Times(double milliseconds) => new(milliseconds, milliseconds, Layers: 1);
}
