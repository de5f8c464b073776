using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Engines;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using CtfService.Model.TestSupport;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;

namespace CtfService.Model.Tests.Generation;

/// <summary>The work of the later stages in one step, and its cancellation.</summary>
public sealed class BoundedStepTests : IDisposable
{
    private const int Batch = 8;

    private readonly TinyBundle _bundle = new();

    [Fact]
    public void Advance_ManyImagesOfEveryKind_RunsOneBatchOfEachStageAtMost()
    {
        using var generator = Load(rows: 40);
        var layout = new LayoutSource.Given(new int[TinyBundle.Positions]);
        var images = new List<ImageSpecification>();
        for (var seed = 0; seed < 30; seed++)
        {
            images.AddRange([Image(seed), Image(seed) with { Layout = layout }, Image(seed) with { Layout = new LayoutSource.Encoded(Noise(seed)) }]);
        }

        var alone = images.Select(image => generator.Generate([image], CancellationToken.None)[0].Tokens).ToList();
        Admit(generator, [.. images]);
        var seen = 0;
        while (generator.ImageCount > 0)
        {
            var outcomes = generator.Advance(CancellationToken.None);
            Assert.All(outcomes, outcome => Assert.Equal(alone[(int)outcome.Id], outcome.Image!.Tokens));
            Assert.InRange(generator.LastStep.VqEncode.Images, 0, Batch);
            Assert.InRange(generator.LastStep.Fine.Images, 0, Batch);
            Assert.InRange(generator.LastStep.VqDecode.Images, 0, Batch);
            seen += outcomes.Count;
        }

        Assert.Equal(images.Count, seen);
    }

    [Fact]
    public void Advance_OnlyLayouts_FillsItsBatches()
    {
        using var generator = Load(rows: 4);
        var layout = new LayoutSource.Given(new int[TinyBundle.Positions]);
        Admit(generator, [.. Enumerable.Range(0, 3 * Batch).Select(seed => Image(seed) with { Layout = layout })]);

        var finished = Enumerable.Range(0, 3).Select(_ => generator.Advance(CancellationToken.None).Count).ToList();

        Assert.Equal([Batch, Batch, Batch], finished);
    }

    [Fact]
    public void Advance_ImagesOfOnePictureInSeveralSteps_EncodeItOnce()
    {
        using var parts = BundleLoader.Load(_bundle.Directory, ModelPlacement.Parse("cpu", "float32") with { MaxWindow = 1 }, rows: 4);
        var encoded = 0;
        var encoder = (TorchSharp.torch.nn.Module<TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>)parts.Tokenizer.named_children()
            .Single(child => child.name == "encoder").module;
        encoder.register_forward_pre_hook((_, images) =>
        {
            encoded += (int)images.shape[0];
            return images;
        });
        var generator = new CtfImageGenerator(parts);
        var picture = new LayoutSource.Encoded(Noise(1));

        for (var seed = 0; seed < 4; seed++)
        {
            generator.Generate([Image(seed) with { Layout = picture }], CancellationToken.None);
        }

        Assert.Equal(1, encoded);
    }

    [Theory]
    [InlineData("float32")]
    [InlineData("float16")] // by libtorch
    public void Advance_CancelledWithinAFinePass_StopsThereAndContinuesLater(string dtype)
    {
        using var source = new CancellationTokenSource();
        using var parts = BundleLoader.Load(_bundle.Directory, ModelPlacement.Parse("cpu", dtype), rows: 4);
        var generator = new CtfImageGenerator(parts with { Fine = new CancelledFine(parts.Fine!, source) });
        Admit(generator, [Image(1) with { Layout = new LayoutSource.Given(new int[TinyBundle.Positions]) }]);

        Assert.Throws<OperationCanceledException>(() => generator.Advance(source.Token));

        Assert.Equal(1, generator.ImageCount);
        using var other = new CtfImageGeneratorFactory(_bundle.Directory, () => ModelPlacement.Parse("cpu", dtype), rows: 4).Load(CancellationToken.None);
        var expected = other.Generate([Image(1) with { Layout = new LayoutSource.Given(new int[TinyBundle.Positions]) }], CancellationToken.None)[0];
        Assert.Equal(expected.Tokens, Assert.Single(generator.Advance(CancellationToken.None)).Image!.Tokens);
    }

    [Fact]
    public void Advance_CancelledWithinVqDecode_StopsThereAndContinuesLater()
    {
        using var source = new CancellationTokenSource();
        using var parts = BundleLoader.Load(_bundle.Directory, ModelPlacement.Parse("cpu", "float32") with { MaxWindow = 1 }, rows: 4);
        var generator = new CtfImageGenerator(parts with { VqDecoder = new CancelledDecoder(parts.VqDecoder, source) });
        Admit(generator, [Image(1) with { Layout = new LayoutSource.Given(new int[TinyBundle.Positions]) }]);

        Assert.Throws<OperationCanceledException>(() => generator.Advance(source.Token));

        using var other = Load(rows: 4);
        var expected = other.Generate([Image(1) with { Layout = new LayoutSource.Given(new int[TinyBundle.Positions]) }], CancellationToken.None)[0];
        Assert.Equal(expected.Image.Pixels, Assert.Single(generator.Advance(CancellationToken.None)).Image!.Image.Pixels);
    }

    public void Dispose() => _bundle.Dispose();

    private IImageGenerator Load(int rows) =>
        new CtfImageGeneratorFactory(_bundle.Directory, () => ModelPlacement.Parse("cpu", "float32"), rows) { MaxWindow = 1 }.Load(CancellationToken.None);

    private static void Admit(IImageGenerator generator, ImageSpecification[] images)
    {
        for (var id = 0; id < images.Length; id++)
        {
            generator.Admit(id, images[id]);
        }
    }

    private static ImageSpecification Image(int seed) => new(seed % TinyBundle.Classes, (ulong)seed, new SamplingSettings(), new SamplingSettings());

    private static RgbImage Noise(int seed)
    {
        var pixels = new byte[16 * 16 * 3];
        new Random(seed).NextBytes(pixels);
        return new RgbImage(16, 16, pixels);
    }

    /// <summary>Cancels as soon as the fine pass starts.</summary>
    private sealed class CancelledFine(IFineEngine engine, CancellationTokenSource source) : IFineEngine
    {
        public TransformerConfig Config => engine.Config;

        public int Capacity => engine.Capacity;

        public int LargestCluster => engine.LargestCluster;

        public void Run(ReadOnlySpan<int> classIds, ReadOnlySpan<int> coarseLabels, Span<float> hidden, CancellationToken cancellation = default)
        {
            source.Cancel();
            engine.Run(classIds, coarseLabels, hidden, cancellation);
            Assert.False(cancellation.IsCancellationRequested, "The pass ran to its end.");
        }

        public void ScoreMembers(ReadOnlySpan<float> hidden, ReadOnlySpan<int> coarseLabels, Span<float> logits) =>
            engine.ScoreMembers(hidden, coarseLabels, logits);

        public void Dispose() => engine.Dispose();
    }

    /// <summary>Cancels as soon as VQ decode starts.</summary>
    private sealed class CancelledDecoder(IVqDecoder decoder, CancellationTokenSource source) : IVqDecoder
    {
        public TokenizerConfig Config => decoder.Config;

        public int GridHeight => decoder.GridHeight;

        public int GridWidth => decoder.GridWidth;

        public int ImagesAtOnce => decoder.ImagesAtOnce;

        public void Decode(ReadOnlySpan<int> tokens, Span<float> pixels, CancellationToken cancellation = default)
        {
            source.Cancel();
            decoder.Decode(tokens, pixels, cancellation);
            Assert.False(cancellation.IsCancellationRequested, "The decoder ran to its end.");
        }

        public void DecodeCodewords(ReadOnlySpan<float> codewords, Span<float> pixels) => decoder.DecodeCodewords(codewords, pixels);

        public void Dispose() => decoder.Dispose();
    }
}
