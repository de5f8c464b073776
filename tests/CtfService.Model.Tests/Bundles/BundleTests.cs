using System.Text.RegularExpressions;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.TestSupport;

namespace CtfService.Model.Tests.Bundles;

public sealed class BundleTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public BundleTests() => TinyManifest.WriteFiles(_folder.Root);

    [Fact]
    public void Open_Written_GivesTheSameManifest()
    {
        var written = BundleWriter.Write(_folder.Root, TinyManifest.Create());

        var opened = BundleReader.Open(_folder.Root);

        Assert.Equal(written.Hash, opened.Hash);
        Assert.Matches("^[0-9a-f]{64}$", opened.Hash);
        Assert.Equal(BundleJson.Serialize(written.Manifest), BundleJson.Serialize(opened.Manifest));
        Assert.Equal(4, opened.Manifest.Files.Count);
        Assert.Equal("100", opened.Manifest.Training["steps"]);
        Assert.Equal(TinyManifest.Create().Sampling, opened.Manifest.Sampling);
        Assert.True(File.Exists(opened.FinePath));
        Assert.True(File.Exists(opened.ClusterMapPath));
    }

    [Fact]
    public void Write_Manifest_IsSnakeCaseWithoutDerivedValues()
    {
        BundleWriter.Write(_folder.Root, TinyManifest.Create());

        var json = File.ReadAllText(_folder.File("model.json"));

        Assert.Contains("\"codebook_size\": 64", json, StringComparison.Ordinal);
        Assert.DoesNotContain("downsample_factor", json, StringComparison.Ordinal);
        Assert.DoesNotContain("is_guided", json, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_PlainModel_NeedsNoClustersAndNoFineStage()
    {
        var bundle = BundleWriter.Write(_folder.Root, TinyManifest.CreatePlain());

        Assert.Null(bundle.FinePath);
        Assert.Null(bundle.ClusterMapPath);
        Assert.False(bundle.Describe().HasFineStage);
    }

    [Fact]
    public void Write_Sources_AreCopied()
    {
        var sources = BundleFiles.Of(TinyManifest.Create()).ToDictionary(name => name, _folder.File);

        var bundle = BundleWriter.Write(_folder.File("new"), TinyManifest.Create(), sources);

        Assert.Equal("content of coarse.safetensors", File.ReadAllText(bundle.CoarsePath));
    }

    [Fact]
    public void Write_InvalidManifest_ListsAllProblemsAndWritesNothing()
    {
        File.Delete(_folder.File("fine.safetensors"));

        var error = Assert.Throws<CheckpointException>(() => BundleWriter.Write(_folder.Root, TinyManifest.Create() with { ImageWidth = 5, Name = "" }));

        Assert.Contains("image_width is 5", error.Message, StringComparison.Ordinal);
        Assert.Contains("name is empty", error.Message, StringComparison.Ordinal);
        Assert.Contains("fine.safetensors is missing", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.File("model.json")));
    }

    [Fact]
    public void Open_DamagedFiles_ListsAll()
    {
        BundleWriter.Write(_folder.Root, TinyManifest.Create());
        var tokenizer = File.ReadAllBytes(_folder.File("tokenizer.safetensors"));
        tokenizer[3] ^= 1;
        File.WriteAllBytes(_folder.File("tokenizer.safetensors"), tokenizer);
        File.WriteAllBytes(_folder.File("coarse.safetensors"), [1, 2, 3, 4, 5]);
        File.Delete(_folder.File("fine.safetensors"));

        var message = Refusal();

        Assert.Matches("tokenizer.safetensors has the SHA-256 [0-9a-f]{64}, but the manifest says [0-9a-f]{64}; it was changed or damaged", message);
        Assert.Contains("coarse.safetensors has 5 bytes, but the manifest says 29; it was truncated", message, StringComparison.Ordinal);
        Assert.Contains("fine.safetensors is missing", message, StringComparison.Ordinal);
        Assert.DoesNotContain("cluster-map", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"format_version\": 1", "\"format_version\": 2", "has format version 2; this program supports version 1")]
    [InlineData("\"format_version\": 1,", "", "'format_version' is missing")]
    [InlineData("\"name\": \"tiny\"", "\"name\": \"tiny\", \"colour\": 1", "colour")]
    [InlineData("\"base_width\": 32", "\"base_wdith\": 32", "base_wdith")]
    [InlineData("\"cluster_count\": 8,", "", "cluster_count")]
    [InlineData("\"name\": \"tiny\"", "\"name\": null", "name")]
    [InlineData("\"image_width\": 4", "\"image_width\": \"wide\"", "image_width")]
    [InlineData("\"image_width\": 4", "\"image_width\": 5", "image_width is 5")]
    [InlineData("\"name\": \"coarse.safetensors\"", "\"name\": \"../coarse.safetensors\"", "files lists '../coarse.safetensors'")]
    [InlineData("\"name\": \"coarse.safetensors\"", "\"name\": \"fine.safetensors\"", "files must list coarse.safetensors once")]
    [InlineData("\"name\": \"tiny\"", "\"name\": \"tiny", "not a bundle manifest")]
    public void Open_ChangedManifest_SaysWhatIsWrong(string from, string to, string expected)
    {
        BundleWriter.Write(_folder.Root, TinyManifest.Create());
        var json = File.ReadAllText(_folder.File("model.json"));
        Assert.Contains(from, json, StringComparison.Ordinal);
        File.WriteAllText(_folder.File("model.json"), new Regex(Regex.Escape(from)).Replace(json, to, 1));

        Assert.Contains(expected, Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_MissingStageInSampling_IsNamed()
    {
        BundleWriter.Write(_folder.Root, TinyManifest.Create());
        var json = File.ReadAllText(_folder.File("model.json"));
        File.WriteAllText(_folder.File("model.json"), Regex.Replace(json, """("sampling": \{\s*"coarse": \{[^}]*\}),\s*"fine": \{[^}]*\}""", "$1"));

        Assert.Contains("fine", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NoFolderOrNoManifest_SaysWhich()
    {
        var error = Assert.Throws<CheckpointException>(() => BundleReader.Open(_folder.File("none")));

        Assert.Contains("the folder does not exist", error.Message, StringComparison.Ordinal);
        Assert.Contains("contains no model.json", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Describe_Bundle_DescribesTheModel()
    {
        var model = BundleWriter.Write(_folder.Root, TinyManifest.Create()).Describe();

        Assert.Equal(("tiny", 4, 8), (model.Name, model.ImageWidth, model.ImageHeight));
        Assert.Equal((8, 64, 8, true), (model.TokenCount, model.CodebookSize, model.ClusterCount, model.HasFineStage));
        Assert.Equal(3, model.Classes.Count);
        Assert.Equal(2, model.DefaultCoarse.GuidanceScale);
        Assert.Equal(BundleReader.Open(_folder.Root).Hash, model.BundleHash);
    }

    public void Dispose() => _folder.Dispose();

    private string Refusal() => Assert.Throws<CheckpointException>(() => BundleReader.Open(_folder.Root)).Message;
}
