using System.ComponentModel;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Engines;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using CtfService.Model.Stages;
using CtfService.Model.TestSupport;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Generation;

/// <summary>An image of class 3 that fails in one of the stages, among others.</summary>
public sealed class FailingImageTests : IDisposable
{
    private const int Bad = 3;

    private readonly TinyBundle _bundle = new();
    private readonly LoadedModel _model;
    private readonly ImageSpecification[] _images =
        [.. Enumerable.Range(0, TinyBundle.Classes).Select(seed => new ImageSpecification(seed, (ulong)seed, new SamplingSettings(), new SamplingSettings()))];

    private readonly List<GeneratedImage> _expected;

    public FailingImageTests()
    {
        _model = BundleLoader.Load(_bundle.Directory, ModelPlacement.Parse("cpu", "float32"), rows: 8);
        _expected = [.. new CtfImageGenerator(_model).Generate(_images, CancellationToken.None)];
    }

    [Fact]
    public void Advance_FineLogitsNotFinite_FailsThatImageOnly() =>
        RequireOneFails<NotFiniteException>(_model with { Fine = new SpoiledFine(_model.Fine!) }, "fine logits of this image", "at position 6");

    [Fact]
    public void Advance_PixelsNotFinite_FailsThatImageOnly() =>
        RequireOneFails<NotFiniteException>(
            _model with { VqDecoder = new SpoiledDecoder(_model.VqDecoder, pixels => pixels[17] = float.NaN, _expected[Bad].Tokens) }, "pixels of this image");

    [Fact]
    public void Advance_VqDecodeThrows_FailsThatImageOnly() =>
        RequireOneFails<Win32Exception>(
            _model with { VqDecoder = new SpoiledDecoder(_model.VqDecoder, _ => throw Native("A kernel."), _expected[Bad].Tokens) }, "A kernel.");

    [Fact]
    public void Advance_PreviewThrows_FailsThatImageOnly()
    {
        var generator = new CtfImageGenerator(_model);
        for (var id = 0; id < _images.Length; id++)
        {
            var isBad = id == Bad;
            generator.Admit(id, _images[id], new PreviewOptions(2, preview => _ = isBad ? throw new TimeoutException("A preview.") : preview));
        }

        RequireOneFails<TimeoutException>(Drain(generator), "A preview.");
    }

    [Fact]
    public void Advance_CoarseStepThrowsOnce_IsRepeatedAndGivesTheSameImages()
    {
        for (var failing = 1; failing <= 16; failing += 3)
        {
            var stage = new ThrowingStage(_model.Coarse, step => step == failing ? Native("A launch.") : null);
            var generator = new CtfImageGenerator(_model with { Coarse = stage });
            Admit(generator);
            var repeated = 0;

            var outcomes = new List<GenerationOutcome>();
            while (generator.ImageCount > 0)
            {
                outcomes.AddRange(generator.Advance(CancellationToken.None));
                repeated += generator.LastStep.RepeatedAfter is Win32Exception ? 1 : 0;
            }

            Assert.Equal(1, repeated);
            Assert.All(outcomes, outcome => Assert.Equal(_expected[(int)outcome.Id].Image.Pixels, outcome.Image!.Image.Pixels));
        }
    }

    [Fact]
    public void Advance_CoarseStepThrowsTwice_Throws()
    {
        var generator = new CtfImageGenerator(
            _model with { Coarse = new ThrowingStage(_model.Coarse, step => step > 2 ? Native($"Step {step}.") : null) });
        Admit(generator);
        generator.Advance(CancellationToken.None);
        generator.Advance(CancellationToken.None);

        var error = Assert.Throws<Win32Exception>(() => generator.Advance(CancellationToken.None));

        Assert.Equal("Step 4.", error.Message);
        foreach (var id in Enumerable.Range(0, _images.Length))
        {
            generator.Remove(id);
        }

        Assert.Equal(8, generator.FreeRows);
    }

    [Theory]
    [InlineData("CUDA out of memory.")]
    [InlineData("A kernel.")]
    public void Advance_VqEncodeOfAnEditThrows_FreesItsRows(string message)
    {
        var encoder = (nn.Module<Tensor, Tensor>)_model.Tokenizer.named_children().Single(child => child.name == "encoder").module;
        encoder.register_forward_pre_hook((_, _) => throw Native(message));
        var generator = new CtfImageGenerator(_model);
        const int Side = 16;
        var mask = new EditMask(Side, Side, [.. Enumerable.Range(0, Side * Side).Select(pixel => pixel < 5 * Side)]);
        var edit = _images[0] with { Layout = new LayoutSource.Edited(new RgbImage(Side, Side, new byte[3 * Side * Side]), mask) };

        for (var id = 0; id < 9; id++) // more than the rows
        {
            generator.Admit(id, edit);
            var failed = Assert.Single(Drain(generator));

            Assert.Equal(id, failed.Id);
            Assert.NotNull(failed.Error);
            Assert.Equal(8, generator.FreeRows);
            Assert.Equal(0, generator.RowsBelow(ImagePriority.High));
        }
    }

    public void Dispose()
    {
        _model.Dispose();
        _bundle.Dispose();
    }

    /// <summary>An error as libtorch's wrapper throws it.</summary>
    private static Win32Exception Native(string message) => new Win32Exception(0, message);

    private void RequireOneFails<TError>(LoadedModel model, params string[] words)
        where TError : Exception
    {
        var generator = new CtfImageGenerator(model);
        Admit(generator);
        RequireOneFails<TError>(Drain(generator), words);
        Assert.Equal(8, generator.FreeRows);
    }

    private void RequireOneFails<TError>(List<GenerationOutcome> outcomes, params string[] words)
        where TError : Exception
    {
        Assert.Equal(Enumerable.Range(0, _images.Length).Select(id => (long)id), outcomes.Select(outcome => outcome.Id).Order());
        var failed = Assert.Single(outcomes, outcome => outcome.Error is not null);
        Assert.Equal(Bad, failed.Id);
        Assert.True(failed.OthersWorked);
        Assert.All(words, word => Assert.Contains(word, Assert.IsType<TError>(failed.Error).Message, StringComparison.Ordinal));
        Assert.All(
            outcomes.Where(outcome => outcome.Error is null),
            outcome => Assert.Equal(_expected[(int)outcome.Id].Image.Pixels, outcome.Image!.Image.Pixels));
    }

    private void Admit(CtfImageGenerator generator)
    {
        for (var id = 0; id < _images.Length; id++)
        {
            generator.Admit(id, _images[id]);
        }
    }

    private static List<GenerationOutcome> Drain(CtfImageGenerator generator)
    {
        var outcomes = new List<GenerationOutcome>();
        while (generator.ImageCount > 0)
        {
            outcomes.AddRange(generator.Advance(CancellationToken.None));
        }

        return outcomes;
    }

    private sealed class SpoiledFine(IFineEngine engine) : IFineEngine
    {
        private int[] _classIds = [];

        public TransformerConfig Config => engine.Config;

        public int Capacity => engine.Capacity;

        public int LargestCluster => engine.LargestCluster;

        public void Run(ReadOnlySpan<int> classIds, ReadOnlySpan<int> coarseLabels, Span<float> hidden, CancellationToken cancellation = default)
        {
            _classIds = classIds.ToArray();
            engine.Run(classIds, coarseLabels, hidden, cancellation);
        }

        public void ScoreMembers(ReadOnlySpan<float> hidden, ReadOnlySpan<int> coarseLabels, Span<float> logits)
        {
            engine.ScoreMembers(hidden, coarseLabels, logits);
            if (Array.IndexOf(_classIds, Bad) is var row && row >= 0)
            {
                logits[((row * Config.Positions) + 6) * LargestCluster] = float.PositiveInfinity;
            }
        }

        public void Dispose() => engine.Dispose();
    }

    private sealed class SpoiledDecoder(IVqDecoder decoder, Action<float[]> spoil, IReadOnlyList<int> ofTokens) : IVqDecoder
    {
        public TokenizerConfig Config => decoder.Config;

        public int GridHeight => decoder.GridHeight;

        public int GridWidth => decoder.GridWidth;

        public int ImagesAtOnce => decoder.ImagesAtOnce;

        public void Decode(ReadOnlySpan<int> tokens, Span<float> pixels, CancellationToken cancellation = default)
        {
            decoder.Decode(tokens, pixels, cancellation);
            var images = tokens.Length / TinyBundle.Positions;
            for (var image = 0; image < images; image++)
            {
                if (tokens.Slice(image * TinyBundle.Positions, TinyBundle.Positions).SequenceEqual([.. ofTokens]))
                {
                    var place = pixels.Slice(image * pixels.Length / images, pixels.Length / images);
                    var copy = place.ToArray();
                    spoil(copy);
                    copy.CopyTo(place);
                }
            }
        }

        public void DecodeCodewords(ReadOnlySpan<float> codewords, Span<float> pixels) => decoder.DecodeCodewords(codewords, pixels);

        public void Dispose() => decoder.Dispose();
    }

    /// <param name="errorOf">Returns the error of a step, counted from 1; null if it succeeds.</param>
    private sealed class ThrowingStage(ICoarseStage stage, Func<int, Exception?> errorOf) : ICoarseStage
    {
        private int _steps;

        public int Rows => stage.Rows;

        public int FreeRows => stage.FreeRows;

        public int Count => stage.Count;

        public bool StepsAllRows => stage.StepsAllRows;

        public int LastStepRows => stage.LastStepRows;

        public DecodeWork LastStepWork => stage.LastStepWork;

        public IReadOnlyList<RunningImage> Failed => stage.Failed;

        public int CountOf(ImagePriority lowest) => stage.CountOf(lowest);

        public int RowsOf(ImagePriority lowest) => stage.RowsOf(lowest);

        public void Add(RunningImage image) => stage.Add(image);

        public bool Remove(long id) => stage.Remove(id);

        public IReadOnlyList<RunningImage> Step(ImagePriority lowest = ImagePriority.Bulk) =>
            errorOf(++_steps) is { } error ? throw error : stage.Step(lowest);

        public void Fetch(IReadOnlyList<RunningImage> running) => stage.Fetch(running);

        public void Dispose() => stage.Dispose();
    }
}
