using CtfService.TestSupport;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;

namespace CtfService.Training.Tests.Data.Formats;

public sealed class SourceWalkTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void From_ManyImagesInARowCannotBeRead_StopsInsteadOfLeavingThemOut()
    {
        Write(2500, isReadable: image => image < 200);
        using var walk = SourceWalk.Open(_folder.Root, "train");
        var walked = 0;

        var error = Assert.Throws<DatasetException>(() =>
        {
            foreach (var _ in walk.From(0, 16, CancellationToken.None))
            {
                walked++;
            }
        });

        Assert.Equal(200, walked);
        Assert.Contains("1000 images in a row cannot be read, so the storage may be away", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void From_EverySecondImageIsDamaged_WalksTheOthers()
    {
        Write(2500, isReadable: image => image % 2 == 0);
        using var walk = SourceWalk.Open(_folder.Root, "train");

        Assert.Equal(1250, walk.From(0, 16, CancellationToken.None).Count());
    }

    private void Write(int images, Func<int, bool> isReadable)
    {
        var image = PngPicture.Of(16, 16, (x, y) => (x, y, 80, 255));
        var folder = Directory.CreateDirectory(_folder.File("train/apple")).FullName;
        for (var number = 0; number < images; number++)
        {
            File.WriteAllBytes(Path.Combine(folder, $"{number:D5}.png"), isReadable(number) ? image : "damaged"u8.ToArray());
        }
    }
}
