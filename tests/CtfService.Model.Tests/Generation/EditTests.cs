using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Generation;
using CtfService.Model.Imaging;
using CtfService.Model.Loading;
using CtfService.Model.TestSupport;
using TorchSharp;

namespace CtfService.Model.Tests.Generation;

/// <summary>Images of which only a part is drawn.</summary>
public sealed class EditTests : IDisposable
{
    private const int Side = 16;
    private const int Rows = 8;

    private static readonly SamplingSettings Guided = new(GuidanceScale: 2);
    private static readonly SamplingSettings Varied = new(Temperature: 2);

    private readonly TinyBundle _bundle = new();
    private readonly TinyBundle _plainBundle = new(plain: true);
    private readonly IImageGenerator _generator;

    public EditTests() => _generator = Load(_bundle);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Generate_Edit_KeepsTokensAndPixelsOutsideTheMask(bool isPlain)
    {
        var bundle = isPlain ? _plainBundle : _bundle;
        using var parts = BundleLoader.Load(bundle.Directory, ModelPlacement.Parse("cpu", "float32"), Rows);
        using var generator = Load(bundle);
        for (var seed = 0; seed < 10; seed++)
        {
            var (picture, mask) = (Noise(seed), Scattered(seed));
            using var pixels = Pixels.ToTensor([picture]);
            using var tokens = parts.Tokenizer.VqEncode(pixels);
            int[] encoded = [.. tokens.data<long>().Select(token => (int)token)];

            var image = generator.Generate([Edit(picture, mask, (ulong)seed)], CancellationToken.None)[0];

            var isNew = mask.Cells(4, 4);
            Assert.All(Enumerable.Range(0, 16).Where(cell => !isNew[cell]), cell =>
            {
                Assert.Equal(encoded[cell], image.Tokens[cell]);
                Assert.Equal(parts.Clusters.ClusterOf(encoded[cell]), image.CoarseLabels[cell]);
            });
            Assert.Equal(image.CoarseLabels, image.Tokens.Select(parts.Clusters.ClusterOf));
            var kept = Enumerable.Range(0, Side * Side).Where(pixel => !mask.Edited[pixel]).ToList();
            Assert.All(kept, pixel => Assert.Equal(picture.Pixels[(pixel * 3)..((pixel * 3) + 3)], image.Image.Pixels[(pixel * 3)..((pixel * 3) + 3)]));
        }
    }

    [Fact]
    public void Generate_FullMask_IsThePlainDrawing()
    {
        var plain = new ImageSpecification(1, 5, Guided, Varied);

        var drawn = Generate(plain);
        var edited = Generate(plain with { Layout = new LayoutSource.Edited(Noise(1), Rectangle(0, 0, Side, Side)) });

        Assert.Equal(drawn.Tokens, edited.Tokens);
        Assert.Equal(drawn.Image.Pixels, edited.Image.Pixels);
    }

    [Fact]
    public void Generate_OtherSeed_ChangesOnlyThePartUnderTheMask()
    {
        var mask = Rectangle(4, 4, 12, 12);

        var first = Generate(Edit(Noise(1), mask, 1));
        var second = Generate(Edit(Noise(1), mask, 2));

        var isNew = mask.Cells(4, 4);
        Assert.All(Enumerable.Range(0, 16).Where(cell => !isNew[cell]), cell => Assert.Equal(first.Tokens[cell], second.Tokens[cell]));
        Assert.NotEqual(first.Tokens, second.Tokens);
    }

    [Fact]
    public void Generate_EditsBesideEverythingElse_GiveTheImagesOfAlone()
    {
        var drawn = Generate(new ImageSpecification(1, 1, Guided, Varied));
        ImageSpecification[] images =
        [
            .. Enumerable.Range(0, 12).Select(seed => Edit(Noise(seed % 5), Scattered(seed), (ulong)seed, candidates: 1 + (seed % 4))),
            drawn.Specification,
            drawn.Specification with { Seed = 9, Layout = new LayoutSource.Given(drawn.CoarseLabels) },
            drawn.Specification with { Seed = 9, Layout = new LayoutSource.Given(drawn.CoarseLabels) { KeptTokens = Kept(drawn, cell => cell < 9) } },
            drawn.Specification with { Layout = new LayoutSource.Encoded(Noise(3)) },
        ];
        var alone = images.Select(Generate).ToList();

        foreach (var order in Enumerable.Range(0, 5).Select(seed => Shuffled(images.Length, seed)))
        {
            var together = _generator.Generate([.. order.Select(place => images[place])], CancellationToken.None);

            Assert.Equal(order.Select(place => alone[place].Tokens), together.Select(image => image.Tokens));
            Assert.Equal(order.Select(place => alone[place].Image.Pixels), together.Select(image => image.Image.Pixels));
        }
    }

    [Fact]
    public void Generate_KeptDetails_StayAndTheOthersAreDrawn()
    {
        var drawn = Generate(new ImageSpecification(1, 1, Guided, Varied));
        var layout = new LayoutSource.Given(drawn.CoarseLabels) { KeptTokens = Kept(drawn, cell => cell % 3 == 0) };

        var other = Generate(drawn.Specification with { Seed = 2, Layout = layout });
        var free = Generate(drawn.Specification with { Seed = 2, Layout = new LayoutSource.Given(drawn.CoarseLabels) });

        Assert.All(Enumerable.Range(0, 16), cell => Assert.Equal((cell % 3 == 0 ? drawn : free).Tokens[cell], other.Tokens[cell]));
    }

    [Fact]
    public void Admit_Edits_TakesTheirRowsAtOnce()
    {
        _generator.Admit(1, Edit(Noise(1), Rectangle(0, 0, 8, 8), 1));
        _generator.Admit(2, Edit(Noise(2), Rectangle(0, 0, 8, 8), 1), priority: ImagePriority.Bulk);

        Assert.Equal((Rows - 4, 2), (_generator.FreeRows, _generator.RowsBelow(ImagePriority.Interactive)));
        Assert.Equal(2, Finish().Count);
        Assert.Equal((Rows, 0), (_generator.FreeRows, _generator.ImageCount));
    }

    [Fact]
    public void Remove_EditAtAnyStep_FreesItsRowsAndLeavesTheOtherUnchanged()
    {
        var (gone, stays) = (Edit(Noise(1), Rectangle(2, 2, 14, 14), 1), Edit(Noise(2), Rectangle(0, 8, 16, 16), 2));
        var alone = Generate(stays);

        for (var steps = 0; steps < 12; steps++)
        {
            _generator.Admit(1, gone);
            _generator.Admit(2, stays);
            List<GenerationOutcome> ended = [];
            for (var step = 0; step < steps; step++)
            {
                ended.AddRange(_generator.Advance(CancellationToken.None));
            }

            _generator.Remove(1);
            ended.AddRange(Finish());

            Assert.Equal(alone.Image.Pixels, Assert.Single(ended, outcome => outcome.Id == 2).Image!.Image.Pixels);
            Assert.Equal((Rows, 0), (_generator.FreeRows, _generator.ImageCount));
        }
    }

    [Fact]
    public void Admit_EditWithPreviews_ShowsThePictureAroundThem()
    {
        var (picture, mask) = (Noise(1), Rectangle(0, 8, 16, 16));
        List<ImagePreview> previews = [];
        _generator.Admit(1, Edit(picture, mask, 1), new PreviewOptions(3, previews.Add));

        Finish();

        Assert.Equal(2, previews[^1].Index);
        Assert.All(previews, preview => Assert.Equal(picture.Pixels[..(8 * Side * 3)], preview.Image.Pixels[..(8 * Side * 3)]));
    }

    [Fact]
    public void Admit_CandidatesWithPreviews_ShowsTheChosenOneLast()
    {
        List<ImagePreview> previews = [];
        var edit = Edit(Noise(1), Rectangle(0, 0, 16, 8), 1, candidates: 3);
        var alone = Generate(edit);
        var layout = Generate(edit with { Layout = new LayoutSource.Given(alone.CoarseLabels) });
        _generator.Admit(1, edit, new PreviewOptions(3, previews.Add));

        var image = Assert.Single(Finish()).Image!;

        Assert.Equal(alone.Image.Pixels, image.Image.Pixels);
        Assert.Equal([0, 1, 2], previews.Select(preview => preview.Index));
        Assert.Equal(layout.CoarseLabels, image.CoarseLabels);
    }

    [Fact]
    public void Admit_EditThatDoesNotFit_ThrowsAndAdmitsNothing()
    {
        var edit = Edit(Noise(1), Rectangle(0, 0, 8, 8), 1);
        var drawn = Generate(new ImageSpecification(1, 1, Guided, Varied));
        var wrong = Kept(drawn, _ => true);
        wrong[3] = TokenOfAnotherCluster(drawn.CoarseLabels[3]);

        Refused(edit with { Layout = new LayoutSource.Edited(new RgbImage(8, 8, new byte[192]), new EditMask(Side, Side, new bool[256])) }, "picture is 8x8");
        Refused(edit with { Layout = new LayoutSource.Edited(Noise(1), new EditMask(8, 8, new bool[64])) }, "mask is 8x8");
        Refused(edit with { Layout = new LayoutSource.Edited(Noise(1), new EditMask(Side, Side, new bool[256])) }, "mask is empty");
        Refused(edit with { ClassId = TinyBundle.Classes }, "between 0 and 4");
        Refused(Edit(Noise(1), Rectangle(0, 0, 8, 8), 1, candidates: 0), "0 candidates; expected 1 to 16");
        Refused(Edit(Noise(1), Rectangle(0, 0, 8, 8), 1, candidates: 17), "17 candidates; expected 1 to 16");
        Refused(edit with { Layout = new LayoutSource.Given(drawn.CoarseLabels) { KeptTokens = wrong } }, $"position 3 is {wrong[3]}");
        Refused(edit with { Layout = new LayoutSource.Given(drawn.CoarseLabels) { KeptTokens = [1] } }, "1 kept tokens");
        Assert.Equal((Rows, 0), (_generator.FreeRows, _generator.ImageCount));
    }

    [Fact]
    public void Generate_EditsManyTimes_LeavesNoTensorBehind()
    {
        var image = Edit(Noise(1), Rectangle(0, 0, 8, 8), 1);
        Generate(image);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        for (var i = 0; i < 20; i++)
        {
            Generate(image);
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    public void Dispose()
    {
        _generator.Dispose();
        _bundle.Dispose();
        _plainBundle.Dispose();
    }

    private static IImageGenerator Load(TinyBundle bundle) =>
        new CtfImageGeneratorFactory(bundle.Directory, () => ModelPlacement.Parse("cpu", "float32"), Rows).Load(CancellationToken.None);

    private int TokenOfAnotherCluster(int cluster)
    {
        using var parts = BundleLoader.Load(_bundle.Directory, ModelPlacement.Parse("cpu", "float32"), Rows);
        return parts.Clusters.Members[cluster == 0 ? 1 : 0][0];
    }

    private GeneratedImage Generate(ImageSpecification image) => _generator.Generate([image], CancellationToken.None)[0];

    private List<GenerationOutcome> Finish()
    {
        List<GenerationOutcome> ended = [];
        while (_generator.ImageCount > 0)
        {
            ended.AddRange(_generator.Advance(CancellationToken.None));
        }

        return ended;
    }

    private void Refused(ImageSpecification image, string expected) =>
        Assert.Contains(expected, Assert.ThrowsAny<ArgumentException>(() => _generator.Admit(1, image)).Message, StringComparison.Ordinal);

    private static ImageSpecification Edit(RgbImage picture, EditMask mask, ulong seed, int candidates = 1) =>
        new(2, seed, Guided, Varied) { Layout = new LayoutSource.Edited(picture, mask) { Candidates = candidates } };

    private static int[] Kept(GeneratedImage image, Func<int, bool> isKept) =>
        [.. image.Tokens.Select((token, cell) => isKept(cell) ? token : LayoutSource.NewToken)];

    private static EditMask Rectangle(int left, int top, int right, int bottom)
    {
        var edited = new bool[Side * Side];
        for (var y = top; y < bottom; y++)
        {
            edited.AsSpan((y * Side) + left, right - left).Fill(true);
        }

        return new EditMask(Side, Side, edited);
    }

    /// <summary>A few pixels at random, so that about half of the cells are touched.</summary>
    private static EditMask Scattered(int seed)
    {
        var random = new Random(seed);
        var edited = new bool[Side * Side];
        for (var i = 0; i < 10; i++)
        {
            edited[random.Next(edited.Length)] = true;
        }

        return new EditMask(Side, Side, edited);
    }

    private static RgbImage Noise(int seed)
    {
        var pixels = new byte[Side * Side * 3];
        new Random(seed).NextBytes(pixels);
        return new RgbImage(Side, Side, pixels);
    }

    private static int[] Shuffled(int count, int seed)
    {
        var order = Enumerable.Range(0, count).ToArray();
        new Random(seed).Shuffle(order);
        return order;
    }
}
