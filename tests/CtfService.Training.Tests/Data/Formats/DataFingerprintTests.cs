using CtfService.Training.Data.Files;
using CtfService.Training.Data.Formats;

namespace CtfService.Training.Tests.Data.Formats;

public sealed class DataFingerprintTests : IDisposable
{
    private readonly TemporaryImages _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Of_TestSplit_ChangesWithTheTrainingClassesThatNumberIt()
    {
        _files.Add("train/b/0.png", [1]).Add("test/b/0.png", [1]);
        var before = DataFingerprint.Of(_files.Root, "test");

        _files.Add("train/a/0.png", [1]);

        Assert.NotEqual(before, DataFingerprint.Of(_files.Root, "test"));
    }

    [Fact]
    public void Of_FolderAndTarOfIt_IsTheSame()
    {
        _files.Add("train/b/0.png", [1, 2]).Add("train/b/empty", []).Add("train/b/@eaDir/x.png", [1]);

        Assert.Equal(DataFingerprint.Of(_files.Root, "train"), DataFingerprint.Of(_files.Tar(), "train"));
    }

    [Theory]
    [InlineData("train/dog/2.png", new byte[] { 1 })]
    [InlineData("train/cat/2.png", new byte[] { 1, 2, 3 })]
    [InlineData("train/dog/1.png", new byte[] { 9, 9 })] // the first file of its class, with equal length
    [InlineData("train/cat/2.png", new byte[] { 1, 9 })] // a later file, with equal length
    public void Of_OtherTrainingImages_Differs(string name, byte[] content)
    {
        _files.Add("train/cat/1.png", [1, 2]).Add("train/cat/2.png", [1, 2]).Add("train/dog/1.png", [1, 2]);
        var before = DataFingerprint.Of(_files.Root, "train");

        _files.Add(name, content);

        Assert.StartsWith("3 files of 2 classes, ", before, StringComparison.Ordinal);
        Assert.NotEqual(before, DataFingerprint.Of(_files.Root, "train"));
    }

    [Fact]
    public void Of_OtherTestImages_DoesNotChangeTheTrainingFingerprint()
    {
        _files.Add("train/cat/1.png", [1]);
        var before = DataFingerprint.Of(_files.Root, "train");

        _files.Add("test/cat/1.png", [2]);

        Assert.Equal(before, DataFingerprint.Of(_files.Root, "train"));
    }

    [Fact]
    public void Of_OtherLimitOfPixels_NamesIt()
    {
        _files.Add("train/cat/1.png", [1]);

        Assert.EndsWith(", images of at most 100 pixels", DataFingerprint.Of(_files.Root, "train", maxPixels: 100), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1000, 1L << 30, 1 << 30)]
    [InlineData(1000, (1L << 30) + 1, (1 << 30) / 1000)]
    [InlineData(10_000_000, 1L << 40, DataFingerprint.MinShare)]
    public void Share_LargeSplit_GivesEveryFileAnEqualShare(int files, long bytes, int share) =>
        Assert.Equal(share, DataFingerprint.Share(files, bytes));

    [Theory]
    [InlineData(0)]
    [InlineData(500)]
    [InlineData(999)]
    public void Content_FileLongerThanItsShare_CoversItsStartMiddleAndEnd(int changed)
    {
        var bytes = new byte[1000];
        var before = Content(bytes);

        bytes[changed] = 1;

        Assert.NotEqual(before, Content(bytes));
    }

    [Fact]
    public void Content_FileLongerThanItsShare_IsReadNoFurther()
    {
        var read = 0;
        _ = DataFingerprint.Content(File(1000, (_, count) => new byte[read += count]), share: 30);

        Assert.Equal(30, read);
    }

    [Fact]
    public void Content_PipeOrDevice_IsNotOpened() =>
        Assert.Equal("", DataFingerprint.Content(File(0, (_, _) => throw new InvalidOperationException("Opened.")), share: 30));

    [Fact]
    public void OfMany_MoreFilesThanAreRead_CoversAllNamesAndLengthsAndEvenlySpacedContent()
    {
        StoredFile[] files = [.. Enumerable.Range(0, 10).Select(i => new StoredFile($"{i}.png", File(1, (_, _) => [0])))];
        string With(int index, StoredFile file) => DataFingerprint.OfMany([.. files[..index], file, .. files[(index + 1)..]], 5, [], default);
        var before = DataFingerprint.OfMany(files, 5, [], default);

        Assert.NotEqual(before, With(3, new StoredFile("x.png", files[3].File)));
        Assert.NotEqual(before, With(3, new StoredFile("3.png", File(2, (_, _) => [0, 0]))));
        Assert.NotEqual(before, With(4, new StoredFile("4.png", File(1, (_, _) => [1]))));
        Assert.Equal(before, With(3, new StoredFile("3.png", File(1, (_, _) => throw new InvalidOperationException("Read.")))));
        Assert.NotEqual(before, DataFingerprint.OfMany(files, 5, ["other"], default));
    }

    private static string Content(byte[] bytes) =>
        DataFingerprint.Content(File(bytes.Length, (offset, count) => bytes[(int)offset..((int)offset + count)]), share: 30);

    private static TreeFile File(long length, Func<long, int, byte[]> readAt) => new("0.png", length, readAt);
}
