using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.TestSupport;

namespace CtfService.Model.Tests.Bundles;

/// <summary>Bundles of symbolic links, as in caches and volumes.</summary>
public sealed class LinkedBundleTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Files => _folder.File("files");

    public LinkedBundleTests()
    {
        Directory.CreateDirectory(Files);
        TinyManifest.WriteFiles(Files);
        BundleWriter.Write(Files, TinyManifest.Create());
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Open_FilesAreLinks_AreFollowed(bool isRelative)
    {
        var linked = Directory.CreateDirectory(_folder.File("linked")).FullName;
        foreach (var file in Directory.GetFiles(Files))
        {
            File.CreateSymbolicLink(Path.Combine(linked, Path.GetFileName(file)), isRelative ? Path.GetRelativePath(linked, file) : file);
        }

        Assert.Equal(BundleReader.Open(Files).Hash, BundleReader.Open(linked).Hash);
    }

    [Fact]
    public void Open_CacheOfSnapshotsAndBlobs_IsFollowed()
    {
        var blobs = Directory.CreateDirectory(_folder.File("models--a--b/blobs")).FullName;
        var snapshot = Directory.CreateDirectory(_folder.File("models--a--b/snapshots/1f3a")).FullName;
        foreach (var (file, index) in Directory.GetFiles(Files).Select((file, index) => (file, index)))
        {
            File.Move(file, Path.Combine(blobs, $"{index}"));
            File.CreateSymbolicLink(Path.Combine(snapshot, Path.GetFileName(file)), $"../../blobs/{index}");
        }

        Assert.Equal("tiny", BundleReader.Open(snapshot).Manifest.Name);
    }

    [Fact]
    public void Open_VolumeOfAConfigMap_IsFollowed()
    {
        Directory.CreateDirectory(_folder.File("volume"));
        Directory.Move(Files, _folder.File("volume/..2026_01_01"));
        Directory.CreateSymbolicLink(_folder.File("volume/..data"), "..2026_01_01");
        foreach (var file in Directory.GetFiles(_folder.File("volume/..2026_01_01")))
        {
            File.CreateSymbolicLink(_folder.File($"volume/{Path.GetFileName(file)}"), $"..data/{Path.GetFileName(file)}");
        }

        Assert.Equal("tiny", BundleReader.Open(_folder.File("volume")).Manifest.Name);
    }

    [Fact]
    public void Open_LinkToOtherContent_FailsTheHashCheck()
    {
        File.Move(Path.Combine(Files, "coarse.safetensors"), _folder.File("original"));
        File.WriteAllText(_folder.File("other"), new string('x', (int)new FileInfo(_folder.File("original")).Length));
        File.CreateSymbolicLink(Path.Combine(Files, "coarse.safetensors"), _folder.File("other"));

        var error = Assert.Throws<CheckpointException>(() => BundleReader.Open(Files));

        Assert.Contains("coarse.safetensors has the SHA-256", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_BrokenLink_NamesTheTarget()
    {
        File.Delete(Path.Combine(Files, "coarse.safetensors"));
        File.CreateSymbolicLink(Path.Combine(Files, "coarse.safetensors"), "../blobs/gone");

        var error = Assert.Throws<CheckpointException>(() => BundleReader.Open(Files));

        Assert.Contains("coarse.safetensors is missing: it is a link to '../blobs/gone', which does not exist", error.Message, StringComparison.Ordinal);
    }
}
