using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.Checkpoints.Tensors;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using CtfService.Model.TestSupport;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Loading;

public sealed class BundleLoaderTests
{
    [Fact]
    public void Open_Cancelled_StopsWhileItComparesHashes()
    {
        using var bundle = new TinyBundle();

        Assert.Throws<OperationCanceledException>(() => BundleReader.Open(bundle.Directory, new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Load_CancelledDuringTheLoad_Stops()
    {
        using var bundle = new TinyBundle();
        using var cancelling = new CancellationTokenSource();
        var factory = new CtfImageGeneratorFactory(
            bundle.Directory,
            () =>
            {
                cancelling.Cancel(); // the load has begun
                return ModelPlacement.Parse("cpu", "float32");
            },
            rows: 4);

        Assert.Throws<OperationCanceledException>(() => factory.Load(cancelling.Token));
    }

    [Fact]
    public void Load_SeveralFilesThatDoNotFit_NamesEveryKeyInOneError()
    {
        using var bundle = new TinyBundle();
        Rewrite(bundle, BundleFiles.Coarse, entry => entry.Name == "norm.weight" ? null : entry);
        Rewrite(bundle, BundleFiles.Fine, entry => entry.Name == "output.weight" ? entry with { Name = "head.weight" } : entry);

        var error = Assert.Throws<CheckpointException>(() => BundleLoader.Load(bundle.Directory, ModelPlacement.Parse("cpu", "float32"), rows: 4));

        Assert.Contains("missing: norm.weight [32]", error.Message, StringComparison.Ordinal);
        Assert.Contains("missing: output.weight [64, 32]", error.Message, StringComparison.Ordinal);
        Assert.Contains("unexpected: head.weight [64, 32]", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("float32")]
    [InlineData("bfloat16")]
    [InlineData("float16")]
    [InlineData("int8")]
    public void Load_EveryType_Generates(string dtype)
    {
        using var bundle = new TinyBundle();
        using var parts = BundleLoader.Load(bundle.Directory, ModelPlacement.Parse("cpu", dtype), rows: 4);
        using var generator = new CtfImageGenerator(parts);
        var settings = new SamplingSettings(GuidanceScale: 2);

        var images = generator.Generate(
            [new ImageSpecification(1, 7, settings, settings), new ImageSpecification(2, 8, new SamplingSettings(), settings)], CancellationToken.None);

        Assert.Equal(float32, parts.Tokenizer.Quantizer.StoredCodewords.dtype);
        Assert.All(images, image => Assert.Equal(TinyBundle.Positions, image.Tokens.Count));
    }

    [Theory]
    [InlineData("float32", false)]
    [InlineData("int8", false)]
    [InlineData("float16", true)]
    public void Load_OnTheCpu_DescribesItsArithmetic(string dtype, bool isLibtorch)
    {
        using var bundle = new TinyBundle();
        using var parts = BundleLoader.Load(bundle.Directory, ModelPlacement.Parse("cpu", dtype), rows: 4);

        Assert.Equal(isLibtorch, parts.Description.Arithmetic!.Contains("TorchSharp", StringComparison.Ordinal));
        Assert.Equal(!isLibtorch, parts.Description.Arithmetic.EndsWith(", sums of 16 lanes", StringComparison.Ordinal));
    }

    [Fact]
    public void Load_MapOfAnotherModel_Throws()
    {
        using var bundle = new TinyBundle();
        SafetensorsWriter.Write(
            Path.Combine(bundle.Directory, BundleFiles.ClusterMap),
            [("cluster_of_token", zeros(64, int32)), ("centroids", zeros(1, 8))]);
        BundleWriter.Write(bundle.Directory, ManifestOf(bundle));

        var error = Assert.Throws<CheckpointException>(() => BundleLoader.Load(bundle.Directory, ModelPlacement.Parse("cpu", "float32"), rows: 4));

        Assert.Contains("maps 64 codewords of 8 dimensions to 1 clusters", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_MissingCudaDevice_SaysWhatToDo()
    {
        var error = Assert.Throws<DeviceUnavailableException>(() => ModelPlacement.Parse("cuda:77", "auto"));

        Assert.Contains("The device is 'cuda:77'", error.Message, StringComparison.Ordinal);
        Assert.Contains("Choose cpu or auto", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gpu", "auto", "expected auto, cpu, cuda or cuda:N")]
    [InlineData("cpu", "int4", "expected auto, float32, bfloat16, float16, or int8 on the CPU")]
    public void Parse_UnknownWord_NamesTheKnownOnes(string device, string dtype, string expected) =>
        Assert.Contains(expected, Assert.Throws<ArgumentException>(() => ModelPlacement.Parse(device, dtype)).Message, StringComparison.Ordinal);

    /// <summary>If the last part cannot be created, all earlier parts are freed, down to the pool's threads and the thread's tensors.</summary>
    [Fact]
    public void Load_FailsInTheLastPart_FreesTheEarlierParts()
    {
        using var bundle = new TinyBundle();
        var placement = ModelPlacement.Parse("cpu", "float32");
        BundleLoader.Load(bundle.Directory, placement, rows: 4).Dispose();
        SafetensorsWriter.Write(Path.Combine(bundle.Directory, BundleFiles.ClusterMap), [("cluster_of_token", zeros(64, int32)), ("centroids", zeros(1, 8))]);
        BundleWriter.Write(bundle.Directory, ManifestOf(bundle));
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        Assert.Throws<CheckpointException>(() => BundleLoader.Load(bundle.Directory, placement, rows: 4));

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    /// <summary>Changes a weight file and updates the manifest.</summary>
    private static void Rewrite(TinyBundle bundle, string name, Func<TensorEntry, TensorEntry?> change)
    {
        using var scope = NewDisposeScope();
        var path = Path.Combine(bundle.Directory, name);
        List<(string, Tensor)> kept;
        using (var file = SafetensorsFile.Open(path))
        {
            kept = [.. file.Entries.Select(entry => (Changed: change(entry), Tensor: file.Read(entry.Name)))
                .Where(item => item.Changed is not null)
                .Select(item => (item.Changed!.Name, item.Tensor))];
        }

        SafetensorsWriter.Write(path, kept);
        BundleWriter.Write(bundle.Directory, ManifestOf(bundle));
    }

    private static BundleManifest ManifestOf(TinyBundle bundle)
    {
        var path = Path.Combine(bundle.Directory, BundleFiles.Manifest);
        return BundleJson.Deserialize(path, File.ReadAllBytes(path));
    }
}
