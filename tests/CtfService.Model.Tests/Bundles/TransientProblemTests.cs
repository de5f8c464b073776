using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.TestSupport;
using CtfService.TestSupport;

namespace CtfService.Model.Tests.Bundles;

/// <summary>Problems of the storage are transient; problems of the content are not.</summary>
public sealed class TransientProblemTests : IDisposable
{
    private readonly TinyBundle _bundle = new();
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _bundle.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Open_FolderOrManifestIsMissing_IsTransient()
    {
        Assert.True(Refusal(_folder.File("none")).IsTransient);
        Assert.True(Refusal(_folder.Root).IsTransient);
    }

    [Fact]
    public void Open_WeightsAreMissing_IsTransient()
    {
        File.Delete(FileOf(BundleFiles.Coarse));

        Assert.True(Refusal(_bundle.Directory).IsTransient);
    }

    [Fact]
    public void Open_WeightsAreAFolder_IsMissing()
    {
        File.Delete(FileOf(BundleFiles.Coarse));
        Directory.CreateDirectory(FileOf(BundleFiles.Coarse));

        Assert.Contains("coarse.safetensors is missing", Refusal(_bundle.Directory).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OneFileIsMissingAndOneDamaged_IsNotTransient()
    {
        File.Delete(FileOf(BundleFiles.Coarse));
        File.WriteAllText(FileOf(BundleFiles.Fine), "short");

        Assert.False(Refusal(_bundle.Directory).IsTransient);
    }

    [Fact]
    public void Open_ManifestIsDamaged_IsNotTransient()
    {
        File.WriteAllText(FileOf(BundleFiles.Manifest), "{}");

        Assert.False(Refusal(_bundle.Directory).IsTransient);
    }

    [Fact]
    public void OpenWeights_FileIsMissing_IsTransient() =>
        Assert.True(Assert.Throws<CheckpointException>(() => CheckpointFile.Open(_folder.File("none"))).IsTransient);

    [Fact]
    public void OpenWeights_FileIsDamaged_IsNotTransient()
    {
        File.WriteAllText(_folder.File("damaged"), "text");

        Assert.False(Assert.Throws<CheckpointException>(() => CheckpointFile.Open(_folder.File("damaged"))).IsTransient);
    }

    [Theory]
    [InlineData(BundleFiles.Coarse)]
    [InlineData(BundleFiles.ClusterMap)]
    public void Survey_TruncatedFile_SaysSo(string name)
    {
        var bytes = File.ReadAllBytes(FileOf(name));
        File.WriteAllBytes(FileOf(name), bytes[..^1]);

        var error = Assert.Throws<CheckpointException>(() => BundleReader.Survey(_bundle.Directory));

        Assert.Contains(
            $"{name} has {bytes.Length - 1} bytes, but the manifest says {bytes.Length}; it was truncated", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Survey_HeaderIsDamaged_SaysSo()
    {
        var bytes = File.ReadAllBytes(FileOf(BundleFiles.Coarse));
        bytes.AsSpan(8, 20).Fill((byte)'x');
        File.WriteAllBytes(FileOf(BundleFiles.Coarse), bytes);

        var error = Assert.Throws<CheckpointException>(() => BundleReader.Survey(_bundle.Directory));

        Assert.Contains("coarse.safetensors: the safetensors header is not valid JSON", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Survey_ValidBundle_DescribesIt() =>
        Assert.Equal(BundleReader.Open(_bundle.Directory).Hash, BundleReader.Survey(_bundle.Directory).BundleHash);

    private string FileOf(string name) => Path.Combine(_bundle.Directory, name);

    private static CheckpointException Refusal(string directory) => Assert.Throws<CheckpointException>(() => BundleReader.Open(directory));
}
