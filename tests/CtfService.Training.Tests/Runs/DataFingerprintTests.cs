using CtfService.Training.Runs;
using CtfService.Training.Tests.Data;

namespace CtfService.Training.Tests.Runs;

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
    [InlineData("train/dog/1.png", new byte[] { 9, 9 })] // the first of its class, of the same length
    public void Of_OtherTrainingImages_Differs(string name, byte[] content)
    {
        _files.Add("train/cat/1.png", [1, 2]).Add("train/cat/2.png", [1, 2]).Add("train/dog/1.png", [1, 2]);
        var before = DataFingerprint.Of(_files.Root, "train");

        _files.Add(name, content);

        Assert.StartsWith("3 images of 2 classes, ", before, StringComparison.Ordinal);
        Assert.NotEqual(before, DataFingerprint.Of(_files.Root, "train"));
    }

    [Fact]
    public void Of_OtherTestImages_LeavesTheTrainingImagesAsTheyWere()
    {
        _files.Add("train/cat/1.png", [1]);
        var before = DataFingerprint.Of(_files.Root, "train");

        _files.Add("test/cat/1.png", [2]);

        Assert.Equal(before, DataFingerprint.Of(_files.Root, "train"));
    }
}
