using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using CtfService.Model.TestSupport;

namespace CtfService.Model.Tests.Generation;

/// <summary>The later stages on a device that holds a limited number of images at once.</summary>
public sealed class CrampedDeviceTests : IDisposable
{
    private readonly TinyBundle _bundle = new();
    private readonly CrampedDevice _device;
    private readonly CtfImageGenerator _generator;

    public CrampedDeviceTests()
    {
        _device = new CrampedDevice(BundleLoader.Load(_bundle.Directory, ModelPlacement.Parse("cpu", "float32") with { MaxWindow = 1 }, rows: 4));
        _generator = _device.Generator();
    }

    [Fact]
    public void Advance_RoomForOneImage_GivesTheSameImagesAsRoomForAll()
    {
        var images = Pictures(count: 7);
        var expected = _generator.Generate(images, CancellationToken.None);
        _device.Room = 1;

        var outcomes = Run(images);

        Assert.All(outcomes, outcome => Assert.Null(outcome.Error));
        Assert.All(outcomes, outcome => Assert.Equal(expected[(int)outcome.Id].Tokens, outcome.Image!.Tokens));
        Assert.All(outcomes, outcome => Assert.Equal(expected[(int)outcome.Id].Image.Pixels, outcome.Image!.Image.Pixels));
        Assert.Equal(7, outcomes.Count);
    }

    [Fact]
    public void Advance_RoomForNone_FailsEachImageAndServesTheNext()
    {
        var images = Pictures(count: 3);
        _device.Room = 0;

        var outcomes = Run(images);

        Assert.All(
            outcomes,
            outcome => Assert.Contains(
                "VQ encode of one image",
                Assert.IsType<OutOfDeviceMemoryException>(outcome.Error).Message,
                StringComparison.Ordinal));
        Assert.Equal([0, 1, 2], outcomes.Select(outcome => outcome.Id).Order());
        _device.Room = 8;
        Assert.All(Run(images), outcome => Assert.Null(outcome.Error));
    }

    [Fact]
    public void Advance_RoomForOnePreview_DeliversEveryDuePreview()
    {
        _device.Room = 1;
        var shown = new List<int>();
        for (var id = 0; id < 4; id++)
        {
            var image = id;
            _generator.Admit(
                id,
                new ImageSpecification(id, (ulong)id, new SamplingSettings(), new SamplingSettings()),
                new PreviewOptions(1, _ => shown.Add(image)));
        }

        var outcomes = Drain();

        Assert.Equal([0, 1, 2, 3], shown);
        Assert.All(outcomes, outcome => Assert.Null(outcome.Error));
    }

    [Fact]
    public void Advance_NoRoomForPreviews_SkipsThemAndFinishesTheImages()
    {
        var shown = 0;
        _device.Room = 0;
        _generator.Admit(1, new ImageSpecification(1, 1, new SamplingSettings(), new SamplingSettings()), new PreviewOptions(3, _ => shown++));
        for (var step = 0; step < TinyBundle.Positions - 1; step++)
        {
            _generator.Advance(CancellationToken.None);
        }

        _device.Room = 1;
        var outcome = Assert.Single(Drain());

        Assert.Null(outcome.Error);
        Assert.Equal(1, shown); // the last one, due when the device had room again
    }

    /// <summary>Nine pictures take at least six batches: two of VQ encode, the first with eight pictures, two or more fine passes, two of VQ decode.</summary>
    [Fact]
    public void Advance_AnyBatchThrowsOnce_FailsAtMostTheOneImageThatWasAlone()
    {
        var images = Pictures(count: 9);
        var batches = 0;
        _device.BeforeBatch = () => batches++;
        var expected = _generator.Generate(images, CancellationToken.None);
        var failures = 0;
        for (var failing = 1; failing <= batches; failing++)
        {
            var batch = 0;
            _device.BeforeBatch = () => _ = ++batch == failing ? throw new InvalidOperationException("The device broke.") : 0;

            var outcomes = Run(Pictures(count: 9)); // other pictures of the same pixels, which are not encoded yet

            Assert.Equal(Enumerable.Range(0, 9).Select(id => (long)id), outcomes.Select(outcome => outcome.Id).Order());
            var failed = outcomes.Where(outcome => outcome.Error is not null).ToList();
            Assert.All(failed, outcome => Assert.IsType<InvalidOperationException>(outcome.Error));
            Assert.InRange(failed.Count, 0, 1);
            failures += failed.Count;
            Assert.All(outcomes.Except(failed), outcome => Assert.Equal(expected[(int)outcome.Id].Tokens, outcome.Image!.Tokens));
            Assert.Equal((0, 4), (_generator.ImageCount, _generator.FreeRows));
        }

        Assert.InRange(failures, 1, batches - 1);
    }

    [Fact]
    public void Advance_EveryBatchThrows_FailsEachImageAndSaysThatNoOtherWorked()
    {
        _device.BeforeBatch = () => throw new InvalidOperationException("The device broke.");

        var outcomes = Run(Pictures(count: 3));

        Assert.Equal(3, outcomes.Count);
        Assert.All(outcomes, outcome => Assert.IsType<InvalidOperationException>(outcome.Error));
        Assert.All(outcomes, outcome => Assert.False(outcome.OthersWorked));
        _device.BeforeBatch = () => { };
        Assert.All(Run(Pictures(count: 3)), outcome => Assert.Null(outcome.Error));
    }

    [Fact]
    public void Advance_CancelledInAnyBatch_ReturnsEachImageOnce()
    {
        for (var cancelled = 1; cancelled <= 13; cancelled++)
        {
            using var cancelling = new CancellationTokenSource();
            var batch = 0;
            _device.BeforeBatch = () =>
            {
                if (++batch == cancelled)
                {
                    cancelling.Cancel();
                }
            };
            Admit(Pictures(count: 9));
            var outcomes = new List<GenerationOutcome>();

            Record.Exception(() => Drain(outcomes, cancelling.Token)); // none if it was the last batch

            Drain(outcomes);
            Assert.Equal(Enumerable.Range(0, 9).Select(id => (long)id), outcomes.Select(outcome => outcome.Id).Order());
        }
    }

    public void Dispose()
    {
        _generator.Dispose();
        _bundle.Dispose();
    }

    private static ImageSpecification[] Pictures(int count) =>
        [.. Enumerable.Range(0, count).Select(seed =>
            new ImageSpecification(seed % TinyBundle.Classes, (ulong)seed, new SamplingSettings(), new SamplingSettings())
            {
                Layout = new LayoutSource.Encoded(Noise(seed)),
            })];

    private static RgbImage Noise(int seed)
    {
        var pixels = new byte[16 * 16 * 3];
        new Random(seed).NextBytes(pixels);
        return new RgbImage(16, 16, pixels);
    }

    private void Admit(ImageSpecification[] images)
    {
        for (var id = 0; id < images.Length; id++)
        {
            _generator.Admit(id, images[id]);
        }
    }

    private List<GenerationOutcome> Run(ImageSpecification[] images)
    {
        Admit(images);
        return Drain();
    }

    private List<GenerationOutcome> Drain()
    {
        var outcomes = new List<GenerationOutcome>();
        Drain(outcomes);
        return outcomes;
    }

    private void Drain(List<GenerationOutcome> outcomes, CancellationToken cancellation = default)
    {
        while (_generator.ImageCount > 0)
        {
            outcomes.AddRange(_generator.Advance(cancellation));
        }
    }
}
