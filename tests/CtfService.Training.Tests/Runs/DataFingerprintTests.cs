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
}
