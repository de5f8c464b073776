using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Engines;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using CtfService.Model.Tests.Bundles;
using CtfService.Model.TestSupport;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using CtfService.TestSupport;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Generation;

/// <summary>What a bundle records about its warm-up image, and that models which compute as they should are never refused for it.</summary>
public sealed class ExpectationRecorderTests
{
    private static readonly string Shipped = RepositoryFolder.File("models", "fruits-64");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Record_NewBundle_HasAnImageForEveryElementTypeAndTheSameHash(bool plain)
    {
        using var tiny = new TinyBundle(plain);
        var before = BundleReader.Open(tiny.Directory);

        var recorded = ExpectationRecorder.Record(before, CancellationToken.None);

        Assert.Equal(before.Hash, recorded.Hash);
        Assert.Equal(["float32", "bfloat16", "int8"], recorded.Manifest.Expected!.Images.Select(image => image.Dtype));
        using var loaded = Load(tiny.Directory, ModelDtype.Float32);
        Assert.NotNull(loaded.Model.Expected);
        Assert.Null(loaded.Model.Expected.FirstDifference(WarmUp(loaded)));
    }

    [Fact]
    public void Record_Again_ReplacesItAndKeepsTheEvaluation()
    {
        using var tiny = new TinyBundle();
        var bundle = BundleReader.Open(tiny.Directory);
        EvaluationRecorder.Record(bundle, RecordedManifest.Of(bundle.Manifest).Evaluation!);
        var first = ExpectationRecorder.Record(bundle, CancellationToken.None);
        var text = File.ReadAllText(Path.Combine(tiny.Directory, BundleFiles.Manifest));

        var second = ExpectationRecorder.Record(first, CancellationToken.None);

        Assert.Equal(text, File.ReadAllText(Path.Combine(tiny.Directory, BundleFiles.Manifest)));
        Assert.NotNull(second.Manifest.Evaluation);
    }

    [Fact]
    public void Write_OtherManifest_DropsIt()
    {
        using var tiny = new TinyBundle();
        var recorded = ExpectationRecorder.Record(BundleReader.Open(tiny.Directory), CancellationToken.None);

        Assert.NotNull(BundleWriter.Write(tiny.Directory, recorded.Manifest).Manifest.Expected);
        Assert.Null(BundleWriter.Write(tiny.Directory, recorded.Manifest with { Name = "renamed" }).Manifest.Expected);
    }

    [Fact]
    public void Open_ExpectationIsNoHash_IsRefused()
    {
        using var tiny = new TinyBundle();
        var recorded = ExpectationRecorder.Record(BundleReader.Open(tiny.Directory), CancellationToken.None);
        var path = Path.Combine(tiny.Directory, BundleFiles.Manifest);
        File.WriteAllText(path, File.ReadAllText(path).Replace(recorded.Manifest.Expected!.Images[0].Image.Tokens, "none", StringComparison.Ordinal));

        var error = Assert.Throws<CheckpointException>(() => BundleReader.Open(tiny.Directory));

        Assert.Contains("expected has 'none' instead of a SHA-256", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void For_OtherVersionBundleOrArithmetic_ComparesNothing()
    {
        var model = FakeModels.Fruits with { Dtype = "float32", Arithmetic = "x64, sums of 16 lanes" };
        var image = new ExpectedImage("a", "b", "c");
        var expectation = new BundleExpectation
        {
            Software = ImageProvenance.ThisSoftware,
            Bundle = model.BundleHash,
            Images = [new RecordedImage("float32", "x64, sums of 16 lanes", image)],
        };

        Assert.Same(image, expectation.For(model));
        Assert.Null((expectation with { Software = "CtfService 0.1.0" }).For(model));
        Assert.Null(expectation.For(model with { BundleHash = new string('f', 64) }));
        Assert.Null(expectation.For(model with { Dtype = "int8" }));
        Assert.Null(expectation.For(model with { Arithmetic = "arm64, sums of 16 lanes" }));
    }

    /// <summary>The service must accept its own model: with any number of threads, windows or not, in every element type and on every width.</summary>
    [Theory]
    [InlineData(ModelDtype.Float32, 1, null)]
    [InlineData(ModelDtype.Float32, 1, 1)]
    [InlineData(ModelDtype.Float32, 2, null)]
    [InlineData(ModelDtype.BFloat16, 2, null)]
    [InlineData(ModelDtype.Int8, 1, null)]
    [InlineData(ModelDtype.Int8, 2, 1)]
    public void Load_ShippedModel_DrawsTheImageThatItRecords(ModelDtype dtype, int copies, int? maxWindow)
    {
        foreach (var width in VectorWidths.All.Where(VectorWidths.IsSupported))
        {
            var factory = new CtfImageGeneratorFactory(Shipped, () => new ModelPlacement(CPU, dtype) { Copies = copies, Width = width })
            {
                MaxWindow = maxWindow,
            };
            using var loaded = factory.Load(CancellationToken.None);

            Assert.True(
                loaded.Model.Expected is not null, $"{Shipped} has no record for {loaded.Model.Arithmetic}: ./ctf expected-image --bundle models/fruits-64");
            Assert.Null(loaded.Model.Expected.FirstDifference(WarmUp(loaded)));
        }
    }

    [Fact]
    public void WarmUp_DecoderThatComputesWrongly_IsFound() =>
        AssertFound(parts => parts with { VqDecoder = new FaultyDecoder(parts.VqDecoder) }, "pixels (VQ decode)");

    [Fact]
    public void WarmUp_FineEngineThatComputesWrongly_IsFound() =>
        AssertFound(parts => parts with { Fine = new FaultyFine(parts.Fine!) }, "tokens (fine stage)");

    private static void AssertFound(Func<LoadedModel, LoadedModel> damage, string stage)
    {
        using var tiny = new TinyBundle();
        ExpectationRecorder.Record(BundleReader.Open(tiny.Directory), CancellationToken.None);
        using var damaged = new CtfImageGenerator(damage(Factory(tiny.Directory, ModelDtype.Float32).LoadParts(CancellationToken.None)));

        Assert.Equal(stage, damaged.Model.Expected!.FirstDifference(WarmUp(damaged)));
    }

    private static GeneratedImage WarmUp(IImageGenerator model) => model.Generate([ExpectedImage.SpecificationOf(model.Model)], CancellationToken.None)[0];

    private static IImageGenerator Load(string directory, ModelDtype dtype) => Factory(directory, dtype).Load(CancellationToken.None);

    private static CtfImageGeneratorFactory Factory(string directory, ModelDtype dtype) => new(directory, () => new ModelPlacement(CPU, dtype), rows: 8);

    /// <summary>As a kernel would that reads one weight wrongly: one value of the picture is a little brighter.</summary>
    private sealed class FaultyDecoder(IVqDecoder inner) : IVqDecoder
    {
        public TokenizerConfig Config => inner.Config;

        public int GridHeight => inner.GridHeight;

        public int GridWidth => inner.GridWidth;

        public int ImagesAtOnce => inner.ImagesAtOnce;

        public void Decode(ReadOnlySpan<int> tokens, Span<float> pixels, CancellationToken cancellation = default)
        {
            inner.Decode(tokens, pixels, cancellation);
            pixels[^1] = pixels[^1] > 0 ? pixels[^1] - 0.1f : pixels[^1] + 0.1f;
        }

        public void DecodeCodewords(ReadOnlySpan<float> codewords, Span<float> pixels) => inner.DecodeCodewords(codewords, pixels);

        public void Dispose() => inner.Dispose();
    }

    /// <summary>Scores the members of every cluster in the opposite order.</summary>
    private sealed class FaultyFine(IFineEngine inner) : IFineEngine
    {
        public TransformerConfig Config => inner.Config;

        public int Capacity => inner.Capacity;

        public int LargestCluster => inner.LargestCluster;

        public void Run(ReadOnlySpan<int> classIds, ReadOnlySpan<int> coarseLabels, Span<float> hidden, CancellationToken cancellation = default) =>
            inner.Run(classIds, coarseLabels, hidden, cancellation);

        public void ScoreMembers(ReadOnlySpan<float> hidden, ReadOnlySpan<int> coarseLabels, Span<float> logits)
        {
            inner.ScoreMembers(hidden, coarseLabels, logits);
            for (var i = 0; i < logits.Length; i++)
            {
                logits[i] = -logits[i];
            }
        }

        public void Dispose() => inner.Dispose();
    }
}
