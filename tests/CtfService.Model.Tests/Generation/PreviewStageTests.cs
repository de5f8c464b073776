using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using CtfService.Model.TestSupport;
using TorchSharp;

namespace CtfService.Model.Tests.Generation;

/// <summary>Previews through the generator, on both coarse stages: host memory (float32) and libtorch (float16).</summary>
public sealed class PreviewStageTests : IDisposable
{
    private const int Rows = 12;

    private readonly TinyBundle _bundle = new();

    [Theory]
    [InlineData("float32")]
    [InlineData("float16")]
    public void Advance_WithPreviews_GivesTheSameImages(string dtype)
    {
        using var generator = Load(dtype);
        ImageSpecification[] images = [.. Enumerable.Range(0, 5).Select(seed => Image((ulong)seed))];
        var unwatched = generator.Generate(images, CancellationToken.None);

        var watched = Watch(generator, images, previews: 3, out _);

        Assert.Equal(unwatched.Select(image => image.Tokens), watched.Select(image => image.Tokens));
        Assert.Equal(unwatched.Select(image => image.Image.Pixels), watched.Select(image => image.Image.Pixels));
    }

    /// <summary>The first preview of an edit is due before its first step, when its rows still hold the labels of another image.</summary>
    [Theory]
    [InlineData("float32")]
    [InlineData("float16")]
    public void Advance_EditWithPreviewsAfterAnotherImage_GivesTheSameImage(string dtype)
    {
        const int Side = 16;
        var random = new Random(4);
        var picture = new byte[Side * Side * 3];
        random.NextBytes(picture);
        var lowerHalf = new EditMask(Side, Side, [.. Enumerable.Range(0, Side * Side).Select(pixel => pixel >= Side * Side / 2)]);
        var edit = Image(7) with { Layout = new LayoutSource.Edited(new RgbImage(Side, Side, picture), lowerHalf) };
        using var generator = Load(dtype);
        var unwatched = generator.Generate([edit], CancellationToken.None)[0];
        generator.Generate([Image(1), Image(2)], CancellationToken.None);

        var watched = Watch(generator, [edit], previews: 3, out _)[0];

        Assert.Equal(unwatched.CoarseLabels, watched.CoarseLabels);
        Assert.Equal(unwatched.Image.Pixels, watched.Image.Pixels);
    }

    [Theory]
    [InlineData("float32", 1)]
    [InlineData("float32", 2)]
    [InlineData("float32", 3)]
    [InlineData("float16", 3)]
    public void Advance_PreviewsOfEveryImage_ShowItsLabelsSoFar(string dtype, int previews)
    {
        using var generator = Load(dtype);
        ImageSpecification[] images = [.. Enumerable.Range(0, 5).Select(seed => Image((ulong)seed))];

        var finished = Watch(generator, images, previews, out var shown);

        using var parts = BundleLoader.Load(_bundle.Directory, ModelPlacement.Parse("cpu", dtype), rows: 2);
        var decoder = new CentroidDecoder(parts.VqDecoder, parts.Clusters);
        for (var place = 0; place < images.Length; place++)
        {
            Assert.Equal(Enumerable.Range(0, previews), shown[place].Select(seen => seen.Preview.Index));
            Assert.All(shown[place], seen => Assert.Equal(
                Decode(decoder, finished[place].CoarseLabels, Due(seen.Preview.Index, previews)), seen.Preview.Image.Pixels));
        }
    }

    [Fact]
    public void Advance_ThreePreviews_AreDeliveredAtTheirShareOfTheSteps()
    {
        using var generator = Load("float32", maxWindow: 1); // a step for each label

        Watch(generator, [Image(1)], previews: 3, out var shown);

        Assert.Equal([6, 11, 16], shown[0].Select(seen => seen.Step)); // of 16: a third, two thirds, all
    }

    [Fact]
    public void Remove_ImageWithPreviews_DeliversNoMorePreviews()
    {
        using var generator = Load("float32");
        var shown = 0;
        generator.Admit(1, Image(1), new PreviewOptions(3, _ => shown++));
        generator.Admit(2, Image(2));
        generator.Advance(CancellationToken.None);

        generator.Remove(1);
        while (generator.ImageCount > 0)
        {
            generator.Advance(CancellationToken.None);
        }

        Assert.Equal(0, shown);
    }

    [Fact]
    public void Advance_CancelledBetweenTwoBatchesOfPreviews_SkipsTheRestAndKeepsTheImages()
    {
        using var generator = Load("float32");
        var layout = generator.Generate([Image(1)], CancellationToken.None)[0].CoarseLabels;
        using var cancelling = new CancellationTokenSource();
        var shown = 0;
        for (var id = 0; id < 10; id++)
        {
            generator.Admit(id, Image(1) with { Layout = new LayoutSource.Given(layout) }, new PreviewOptions(1, _ =>
            {
                shown++;
                cancelling.Cancel();
            }));
        }

        Assert.Throws<OperationCanceledException>(() => generator.Advance(cancelling.Token));

        Assert.Equal((8, 10), (shown, generator.ImageCount)); // one batch
    }

    [Fact]
    public void Advance_LayoutIsGiven_ShowsTheWholeLayoutOnce()
    {
        using var generator = Load("float32");
        var drawn = generator.Generate([Image(1)], CancellationToken.None)[0];

        Watch(generator, [Image(1) with { Layout = new LayoutSource.Given(drawn.CoarseLabels) }], previews: 3, out var shown);

        Assert.Equal(2, Assert.Single(shown[0]).Preview.Index);
    }

    [Fact]
    public void Advance_ManyPreviews_LeavesNoTensorBehind()
    {
        using var generator = Load("float32");
        Watch(generator, [Image(1)], previews: 3, out _);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        for (var i = 0; i < 50; i++)
        {
            Watch(generator, [Image(1), Image(2)], previews: 3, out _);
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public void PreviewOptions_CountOutOfRange_Throws(int count) => Assert.Throws<ArgumentOutOfRangeException>(() => new PreviewOptions(count, _ => { }));

    public void Dispose() => _bundle.Dispose();

    private IImageGenerator Load(string dtype, int? maxWindow = null) =>
        new CtfImageGeneratorFactory(_bundle.Directory, () => ModelPlacement.Parse("cpu", dtype), Rows) { MaxWindow = maxWindow }.Load(CancellationToken.None);

    private static ImageSpecification Image(ulong seed) =>
        new((int)seed % TinyBundle.Classes, seed, new SamplingSettings(GuidanceScale: 1 + (seed % 2)), new SamplingSettings());

    /// <summary>Runs the images, each joining one step after the previous one, and records each preview with the number of its image's steps.</summary>
    private static GeneratedImage[] Watch(
        IImageGenerator generator, ImageSpecification[] images, int previews, out List<(int Step, ImagePreview Preview)>[] shown)
    {
        List<(int Step, ImagePreview Preview)>[] seen = [.. images.Select(_ => new List<(int, ImagePreview)>())];
        var finished = new GeneratedImage[images.Length];
        for (var step = 0; finished.Contains(null); step++)
        {
            if (step < images.Length)
            {
                var place = step;
                generator.Admit(place, images[place], new PreviewOptions(previews, preview => seen[place].Add((step - place + 1, preview))));
            }

            foreach (var outcome in generator.Advance(CancellationToken.None))
            {
                finished[outcome.Id] = outcome.Image!;
            }
        }

        shown = seen;
        return finished;
    }

    /// <summary>Returns the number of labels that preview i of n shows: (i + 1)/n of them, rounded up.</summary>
    private static int Due(int index, int previews) => ((TinyBundle.Positions * (index + 1)) + previews - 1) / previews;

    private static byte[] Decode(CentroidDecoder decoder, IReadOnlyList<int> labels, int decided)
    {
        int[] soFar = [.. labels.Select((label, cell) => cell < decided ? label : decoder.Undecided)];
        return decoder.Decode(soFar)[0].Pixels;
    }
}
