using CtfService.Datasets.Plans;
using CtfService.Datasets.Production;

namespace CtfService.Datasets.Tests.Production;

public sealed class ImageSourceTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);
    private static readonly Dataset Dataset = new(FakeDataset.Plan(), FakeDataset.Model);

    [Fact]
    public void TryTake_AnImageWasRejected_ReturnsItsReplacementFirst()
    {
        using var source = Source(images: 3);
        Assert.True(source.TryTake(out _));

        source.Replace(Dataset.Image(0, attempt: 1));

        Assert.True(source.TryTake(out var image));
        Assert.Equal((0, 1), (image.Index, image.Attempt));
    }

    [Fact]
    public async Task WaitForMore_TheLastImageIsAccepted_EndsForEveryOneThatWaits()
    {
        using var source = Source(images: 1);
        Assert.True(source.TryTake(out _));
        Assert.False(source.TryTake(out _));
        Task<bool>[] waiting = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(() => source.WaitForMore(CancellationToken.None)))];

        source.Accept();

        var more = await Task.WhenAll(waiting).WaitAsync(Timeout);
        Assert.All(more, Assert.False);
    }

    [Fact]
    public async Task WaitForMore_TheLastImageIsRejected_ReturnsTrue()
    {
        using var source = Source(images: 1);
        Assert.True(source.TryTake(out _));
        Assert.False(source.TryTake(out _));
        var waiting = Task.Run(() => source.WaitForMore(CancellationToken.None));

        source.Replace(Dataset.Image(0, attempt: 1));

        Assert.True(await waiting.WaitAsync(Timeout));
    }

    [Fact]
    public void WaitForMore_Cancelled_Throws()
    {
        using var source = Source(images: 1);
        Assert.True(source.TryTake(out _));

        Assert.Throws<OperationCanceledException>(() => source.WaitForMore(new CancellationToken(canceled: true)));
    }

    private static ImageSource Source(int images) => new(Enumerable.Range(0, images).Select(index => Dataset.Image(index)));
}
