using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Loading;
using CtfService.Model.Storage;
using CtfService.Model.TestSupport;

namespace CtfService.Model.Tests.Bundles;

/// <summary>The weight files of a bundle are read through one handle each, from the check to the last tensor.</summary>
public sealed class BundleWeightsTests : IDisposable
{
    private readonly TinyBundle _bundle = new();

    private static IEnumerable<string> Files => BundleFiles.All.Except([BundleFiles.UsualLabels]);

    public void Dispose() => _bundle.Dispose();

    [LinuxTheory]
    [InlineData("float32")]
    [InlineData("bfloat16")]
    [InlineData("float16")]
    [InlineData("int8")]
    public void Load_EveryFile_IsOpenedOnce(string dtype)
    {
        using var opens = new FolderOpens(_bundle.Directory);

        BundleLoader.Load(_bundle.Directory, ModelPlacement.Parse("cpu", dtype), rows: 4).Dispose();

        Assert.Equal(Files.ToDictionary(name => name, _ => 1), opens.Take());
    }

    [LinuxTheory]
    [InlineData(1)]
    [InlineData(2)]
    public void Take_FileIsOpenedAgain_CountsBoth(int times)
    {
        using var opens = new FolderOpens(_bundle.Directory);

        for (var time = 0; time < times; time++)
        {
            File.ReadAllBytes(FileOf(BundleFiles.Coarse));
        }

        Assert.Equal(new Dictionary<string, int> { [BundleFiles.Coarse] = times }, opens.Take());
    }

    [Fact]
    public void OpenWeights_FileIsReplacedAfterwards_ReadsWhatWasChecked()
    {
        using var weights = BundleReader.OpenWeights(_bundle.Directory);
        using var before = weights.Coarse.Read("norm.weight");
        AtomicFile.WriteText(FileOf(BundleFiles.Coarse), "another file");

        using var after = weights.Coarse.Read("norm.weight");

        weights.RequireUnchanged();
        Assert.Equal(before.data<float>().ToArray(), after.data<float>().ToArray());
    }

    [Fact]
    public void RequireUnchanged_FileWasWrittenTo_NamesItAndIsTransient()
    {
        using var weights = BundleReader.OpenWeights(_bundle.Directory);
        using (var other = new FileStream(FileOf(BundleFiles.Fine), FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            other.Position = other.Length - 1;
            other.WriteByte(1);
        }

        var error = Assert.Throws<CheckpointException>(weights.RequireUnchanged);

        Assert.Contains($"{BundleFiles.Fine}: was changed while it was read", error.Message, StringComparison.Ordinal);
        Assert.True(error.IsTransient); // the worker tries again
    }

    [Fact]
    public void OpenWeights_SeveralDamagedFiles_NamesEachAndClosesTheOthers()
    {
        var coarse = File.ReadAllBytes(FileOf(BundleFiles.Coarse));
        coarse[^1] ^= 1;
        File.WriteAllBytes(FileOf(BundleFiles.Coarse), coarse);
        File.WriteAllBytes(FileOf(BundleFiles.Fine), [1, 2, 3]);

        var message = Assert.Throws<CheckpointException>(() => BundleReader.OpenWeights(_bundle.Directory)).Message;

        Assert.Contains("coarse.safetensors has the SHA-256", message, StringComparison.Ordinal);
        Assert.Contains("fine.safetensors has 3 bytes", message, StringComparison.Ordinal);
        foreach (var name in Files)
        {
            using var exclusive = new FileStream(FileOf(name), FileMode.Open, FileAccess.ReadWrite, FileShare.None); // fails while a handle is open
        }
    }

    [Fact]
    public void OpenWeights_FileIsListedTwice_IsRefused()
    {
        var manifest = BundleJson.Deserialize("model.json", File.ReadAllBytes(FileOf(BundleFiles.Manifest)));
        File.WriteAllBytes(FileOf(BundleFiles.Manifest), BundleJson.Serialize(manifest with { Files = [.. manifest.Files, manifest.Files[0]] }));

        var error = Assert.Throws<CheckpointException>(() => BundleReader.OpenWeights(_bundle.Directory));

        Assert.Contains($"files must list {manifest.Files[0].Name} once", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OpenWeights_ValidHashAndInvalidHeader_IsRefused()
    {
        File.WriteAllText(FileOf(BundleFiles.Tokenizer), "no safetensors file");
        File.Delete(FileOf(BundleFiles.ClusterMap));
        var manifest = BundleJson.Deserialize("model.json", File.ReadAllBytes(FileOf(BundleFiles.Manifest)));
        var bytes = new FileInfo(FileOf(BundleFiles.Tokenizer)).Length;
        var files = manifest.Files.Select(file => file.Name == BundleFiles.Tokenizer
            ? file with { Sha256 = BundleReader.Hash(FileOf(file.Name)), Bytes = bytes }
            : file);
        File.WriteAllBytes(FileOf(BundleFiles.Manifest), BundleJson.Serialize(manifest with { Files = [.. files] }));

        var message = Assert.Throws<CheckpointException>(() => BundleReader.OpenWeights(_bundle.Directory)).Message;

        Assert.Contains("tokenizer.safetensors: is a text file, not a weight file", message, StringComparison.Ordinal);
        Assert.Contains("cluster-map.safetensors is missing", message, StringComparison.Ordinal);
    }

    private string FileOf(string name) => Path.Combine(_bundle.Directory, name);
}
