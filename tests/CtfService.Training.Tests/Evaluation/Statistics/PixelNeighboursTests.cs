using CtfService.Training.Data;
using CtfService.Training.Evaluation.Statistics;
using CtfService.Training.Progress;
using TorchSharp;

namespace CtfService.Training.Tests.Evaluation.Statistics;

public sealed class PixelNeighboursTests
{
    private static readonly ImageDataset Training = NoisyImages.Of(700, 600, seed: 1); // more than one block

    [Fact]
    public void Find_CopyOfATrainingImage_FindsItAtDistanceZero()
    {
        var copies = Of(Training.Images[3], Training.Images[1299]);

        var nearest = PixelNeighbours.Find(copies, Training, NoProgress.Instance);

        Assert.Equal([new NearestImage(3, IsMirrored: false, 0), new NearestImage(1299, IsMirrored: false, 0)], nearest);
    }

    [Fact]
    public void Find_MirroredCopy_FindsItToo()
    {
        var nearest = Assert.Single(PixelNeighbours.Find(Of(Mirrored(Training.Images[1100])), Training, NoProgress.Instance));

        Assert.Equal(new NearestImage(1100, IsMirrored: true, 0), nearest);
    }

    [Fact]
    public void Find_ShiftedInBrightness_MeasuresGreyLevels()
    {
        byte[] brighter = [.. Training.Images[8].Select(value => (byte)(value + 3))];

        var nearest = Assert.Single(PixelNeighbours.Find(Of(brighter), Training, NoProgress.Instance));

        Assert.Equal(8, nearest.Index);
        Assert.Equal(3, nearest.Distance, 1e-5);
    }

    [Fact]
    public void Find_LargeImages_ComparesThemReduced()
    {
        // A checkerboard of single pixels is grey at half the size.
        var grey = Plain(side: 2 * PixelNeighbours.Side, _ => 128);
        var checkers = Plain(side: 2 * PixelNeighbours.Side, pixel => ((pixel.X + pixel.Y) % 2 == 0) ? (byte)0 : (byte)255);

        var nearest = Assert.Single(PixelNeighbours.Find(grey, checkers, NoProgress.Instance));

        Assert.Equal(0.5, nearest.Distance, 1e-4);
    }

    [Fact]
    public void Find_Again_LeavesNoTensorsBehind()
    {
        void Run() => PixelNeighbours.Find(Of(Training.Images[3]), Training, NoProgress.Instance);
        Run();

        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Run();

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static ImageDataset Of(params byte[][] images) =>
        new(NoisyImages.Side, NoisyImages.Side, NoisyImages.ClassNames, [.. images.Select(pixels => new LabelledImage(pixels, 0))]);

    private static ImageDataset Plain(int side, Func<(int X, int Y), byte> value) => new(
        side, side, ["any"], [new LabelledImage([.. Enumerable.Range(0, side * side * 3).Select(i => value((i / 3 % side, i / 3 / side)))], 0)]);

    private static byte[] Mirrored(byte[] pixels)
    {
        const int row = NoisyImages.Side * 3;
        return [.. pixels.Chunk(row).SelectMany(line => line.Chunk(3).Reverse().SelectMany(pixel => pixel))];
    }
}
