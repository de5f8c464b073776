using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Generation;
using CtfService.Model.Imaging;
using CtfService.Model.Loading;
using CtfService.Model.TestSupport;
using TorchSharp;

namespace CtfService.Model.Tests.Generation;

/// <summary>Images whose coarse labels are not drawn.</summary>
public sealed class LayoutSourceTests : IDisposable
{
    private static readonly SamplingSettings Guided = new(GuidanceScale: 2);

    private readonly TinyBundle _bundle = new();
    private readonly IImageGenerator _generator;

    public LayoutSourceTests()
    {
        _generator = new CtfImageGeneratorFactory(_bundle.Directory, () => ModelPlacement.Parse("cpu", "float32"), rows: 4).Load(CancellationToken.None);
    }

    [Fact]
    public void Generate_LayoutOfADrawnImage_RepeatsThatImageOrDrawsOtherDetails()
    {
        var drawn = Draw(seed: 1);

        var same = Generate(drawn.Specification with { Layout = new LayoutSource.Given(drawn.CoarseLabels) });
        var other = Generate(drawn.Specification with { Layout = new LayoutSource.Given(drawn.CoarseLabels), Seed = 2 });

        Assert.Equal(drawn.Tokens, same.Tokens);
        Assert.Equal(drawn.Image.Pixels, same.Image.Pixels);
        Assert.Equal(drawn.CoarseLabels, other.CoarseLabels);
        Assert.NotEqual(drawn.Tokens, other.Tokens);
    }

    [Fact]
    public void Generate_Picture_TakesTheClustersOfItsTokens()
    {
        var picture = Draw(seed: 1).Image;
        using var parts = BundleLoader.Load(_bundle.Directory, ModelPlacement.Parse("cpu", "float32"), rows: 4);
        using var pixels = Pixels.ToTensor([picture]);
        using var tokens = parts.Tokenizer.VqEncode(pixels);

        var image = Generate(new ImageSpecification(2, 3, Guided, Guided) { Layout = new LayoutSource.Encoded(picture) });

        Assert.Equal(tokens.data<long>().Select(token => parts.Clusters.ClusterOf((int)token)), image.CoarseLabels);
        Assert.Equal(image.CoarseLabels, image.Tokens.Select(parts.Clusters.ClusterOf));
    }

    [Fact]
    public void Generate_PicturesAloneAndInABatch_GiveTheSameTokens()
    {
        RgbImage[] pictures = [.. Enumerable.Range(0, 11).Select(seed => Noise(seed))]; // more than a batch
        ImageSpecification[] images = [.. pictures.Select((picture, seed) => Encoded(picture, (ulong)seed)), Encoded(pictures[0], seed: 99)];

        var together = _generator.Generate(images, CancellationToken.None);
        var alone = images.Select(Generate).ToList();

        Assert.Equal(alone.Select(image => image.CoarseLabels), together.Select(image => image.CoarseLabels));
        Assert.Equal(alone.Select(image => image.Tokens), together.Select(image => image.Tokens));
        Assert.Equal(together[0].CoarseLabels, together[^1].CoarseLabels);
    }

    [Fact]
    public void Generate_EverySourceAtOnce_GivesTheImagesOfSeparateRuns()
    {
        var drawn = Draw(seed: 1);
        ImageSpecification[] images =
        [
            drawn.Specification,
            Encoded(Noise(1), 5),
            drawn.Specification with { Seed = 4, Layout = new LayoutSource.Given(drawn.CoarseLabels) },
            drawn.Specification with { Seed = 7 },
        ];

        var together = _generator.Generate(images, CancellationToken.None);

        Assert.Equal(images.Select(image => Generate(image).Tokens), together.Select(image => image.Tokens));
    }

    [Fact]
    public void Admit_LayoutNotDrawn_TakesNoRowsAndAcceptsTheNullClass()
    {
        var layout = new LayoutSource.Given(Draw(seed: 1).CoarseLabels);
        var free = _generator.FreeRows;

        _generator.Admit(1, new ImageSpecification(_generator.Model.NullClass, 1, Guided, Guided) { Layout = layout });

        Assert.Equal(free, _generator.FreeRows);
        Assert.NotNull(Assert.Single(_generator.Advance(CancellationToken.None)).Image);
    }

    [Fact]
    public void Admit_LayoutOfAnotherModel_ThrowsAndAdmitsNothing()
    {
        var image = new ImageSpecification(0, 1, Guided, Guided);
        var labels = new int[TinyBundle.Positions];
        labels[3] = TinyBundle.Clusters;

        Refused(image with { Layout = new LayoutSource.Given([0, 1]) }, "2 coarse labels; expected 16");
        Refused(image with { Layout = new LayoutSource.Given(labels) }, "expected 0 to 7");
        Refused(image with { Layout = new LayoutSource.Encoded(new RgbImage(8, 8, new byte[192])) }, "8x8; expected 16x16");
        Refused(image with { ClassId = TinyBundle.Classes + 1, Layout = new LayoutSource.Given(new int[TinyBundle.Positions]) }, "between 0 and 5");
        Assert.Equal(0, _generator.ImageCount);
    }

    [Fact]
    public void Remove_PictureNotYetEncoded_IsRemoved()
    {
        _generator.Admit(1, Encoded(Noise(1), 1));

        _generator.Remove(1);

        Assert.Empty(_generator.Advance(CancellationToken.None));
        Assert.Equal(0, _generator.ImageCount);
    }

    [Fact]
    public void Generate_PicturesManyTimes_LeavesNoTensorBehind()
    {
        var image = Encoded(Noise(1), 1);
        Generate(image);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        for (var i = 0; i < 50; i++)
        {
            Generate(image);
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    public void Dispose()
    {
        _generator.Dispose();
        _bundle.Dispose();
    }

    private GeneratedImage Generate(ImageSpecification image) => _generator.Generate([image], CancellationToken.None)[0];

    private GeneratedImage Draw(ulong seed) => Generate(new ImageSpecification(1, seed, Guided, new SamplingSettings(Temperature: 2)));

    private static ImageSpecification Encoded(RgbImage picture, ulong seed) =>
        new(2, seed, Guided, new SamplingSettings(Temperature: 2)) { Layout = new LayoutSource.Encoded(picture) };

    private static RgbImage Noise(int seed)
    {
        var pixels = new byte[16 * 16 * 3];
        new Random(seed).NextBytes(pixels);
        return new RgbImage(16, 16, pixels);
    }

    private void Refused(ImageSpecification image, string expected) =>
        Assert.Contains(expected, Assert.ThrowsAny<ArgumentException>(() => _generator.Admit(1, image)).Message, StringComparison.Ordinal);
}
