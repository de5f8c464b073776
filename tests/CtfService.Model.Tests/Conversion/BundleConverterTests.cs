using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.Checkpoints.Tensors;
using CtfService.Model.Clusters;
using CtfService.Model.Conversion;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using CtfService.Model.TestSupport;
using CtfService.TestSupport;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Conversion;

/// <summary>Converts the parts of a tiny bundle, written as PyTorch files, and compares what the new bundle generates.</summary>
public sealed class BundleConverterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Convert_PlainModelFromPyTorchFiles_GeneratesTheSameImages()
    {
        using var original = new TinyBundle(plain: true);

        var report = BundleConverter.Convert(Request(original, plain: true));

        Assert.Null(report.Bundle.Manifest.Fine);
        Assert.Equal(TokensOf(original.Directory), TokensOf(report.Bundle.Directory));
    }

    [Fact]
    public void Convert_CoarseAndFinePairWithMap_GeneratesTheSameImages()
    {
        using var original = new TinyBundle();

        var map = Path.Combine(original.Directory, BundleFiles.ClusterMap);
        var report = BundleConverter.Convert(Request(original, plain: false) with { ClusterMapPath = map });

        Assert.Equal(TinyBundle.Clusters, report.Bundle.Manifest.ClusterCount);
        Assert.Equal(TokensOf(original.Directory), TokensOf(report.Bundle.Directory));
    }

    [Theory]
    [InlineData(101, "float32")]
    [InlineData(101, "bfloat16")]
    [InlineData(101, "int8")]
    [InlineData(101, "float16")] // libtorch
    [InlineData(48, "float32")] // 24 twice
    [InlineData(1, "float32")]
    public void Convert_FeedForwardWidthWithoutRounding_GeneratesTheSameImages(int feedForwardWidth, string dtype)
    {
        using var original = new TinyBundle(feedForwardWidth: feedForwardWidth);

        var report = BundleConverter.Convert(
            Request(original, plain: false) with { ClusterMapPath = Path.Combine(original.Directory, BundleFiles.ClusterMap) });

        Assert.Equal((feedForwardWidth, feedForwardWidth), (report.Bundle.Manifest.Coarse.FeedForwardWidth, report.Bundle.Manifest.Fine!.FeedForwardWidth));
        Assert.Equal(TokensOf(original.Directory, dtype), TokensOf(report.Bundle.Directory, dtype));
    }

    [Fact]
    public void Convert_TokenizerWithCodewordsAsStored_IsRecordedAndClustersThem()
    {
        using var original = new TinyBundle();
        var request = Request(original, plain: false) with { Clusters = TinyBundle.Clusters };

        var unit = BundleConverter.Convert(request).Bundle;
        var map = ClusterMap.Load(unit.ClusterMapPath!).Centroids.ToArray();
        var stored = BundleConverter.Convert(request with { NormalizeCodewords = false, Overwrite = true }).Bundle;

        Assert.Equal((true, false), (unit.Manifest.Tokenizer.NormalizeCodewords, stored.Manifest.Tokenizer.NormalizeCodewords));
        Assert.NotEqual(map, ClusterMap.Load(stored.ClusterMapPath!).Centroids.ToArray());
    }

    [Fact]
    public void Convert_NumberOfClusters_ComputesTheSameMap()
    {
        using var original = new TinyBundle();

        var report = BundleConverter.Convert(Request(original, plain: false) with { Clusters = TinyBundle.Clusters });

        Assert.Equal(
            ClusterMap.Load(Path.Combine(original.Directory, BundleFiles.ClusterMap)).ClusterOfToken.ToArray(),
            ClusterMap.Load(report.Bundle.ClusterMapPath!).ClusterOfToken.ToArray());
        Assert.Contains(report.Notes, note => note.Contains("8 clusters by k-means", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16)]
    public void Convert_Dtype_AppliesToTransformersOnly(ScalarType dtype)
    {
        using var original = new TinyBundle(plain: true);

        var report = BundleConverter.Convert(Request(original, plain: true) with { Dtype = dtype });

        using var coarse = SafetensorsFile.Open(report.Bundle.CoarsePath);
        using var tokenizer = SafetensorsFile.Open(report.Bundle.TokenizerPath);
        Assert.All(coarse.Entries, entry => Assert.Equal(dtype, entry.Dtype));
        Assert.All(tokenizer.Entries, entry => Assert.Equal(ScalarType.Float32, entry.Dtype));
        Assert.NotEmpty(TokensOf(report.Bundle.Directory));
    }

    [Fact]
    public void Convert_ImageSizeInTheFileName_IsUsed()
    {
        using var original = new TinyBundle(plain: true);
        var request = Request(original, plain: true);
        var named = _folder.File("c2i_tiny_256.pt");
        File.Move(request.CoarsePath, named);

        var report = BundleConverter.Convert(request with { CoarsePath = named, ImageSize = null });

        Assert.Equal(256, report.Bundle.Manifest.ImageWidth);
        Assert.Equal(64, report.Bundle.Manifest.Coarse.GridWidth);
        Assert.Contains("image: 256x256 pixels (from the transformer's file name), 64x64 tokens", report.Notes);
    }

    [Fact]
    public void Convert_NoHeadsForAnUnpublishedSize_AsksForThem()
    {
        using var original = new TinyBundle(plain: true);

        var error = Assert.Throws<CheckpointException>(() => BundleConverter.Convert(Request(original, plain: true) with { CoarseHeads = 0 }));

        Assert.Contains("Set it with --coarse-heads", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.File("bundle")));
    }

    [Theory]
    [InlineData("tokenizer", "contains no VQ tokenizer of the LlamaGen family")]
    [InlineData("coarse", "contains no class-conditional transformer of the LlamaGen family")]
    [InlineData("clusters", "A fine stage needs either a cluster map or a number of clusters")]
    [InlineData("fit", "expected the map's 4 clusters")]
    [InlineData("size", "expected a multiple of 4, the number of pixels along a side")]
    [InlineData("names", "has 2 class names, but the transformers have 5 classes")]
    public void Convert_FilesThatDoNotFit_SaysWhichAndWhy(string fault, string expected)
    {
        using var original = new TinyBundle();
        var request = Request(original, plain: false) with { Clusters = TinyBundle.Clusters };
        File.WriteAllLines(_folder.File("names"), ["one", "two"]);

        request = fault switch
        {
            "tokenizer" => request with { TokenizerPath = request.CoarsePath },
            "coarse" => request with { CoarsePath = request.TokenizerPath },
            "clusters" => request with { Clusters = null },
            "fit" => request with { Clusters = 4 },
            "size" => request with { ImageSize = 17 },
            _ => request with { ClassNamesPath = _folder.File("names") },
        };

        Assert.Contains(expected, Assert.Throws<CheckpointException>(() => BundleConverter.Convert(request)).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.File($"bundle/{BundleFiles.Manifest}")));
    }

    [Fact]
    public void Convert_UnknownKey_IsNamed()
    {
        using var original = new TinyBundle(plain: true);
        var request = Request(original, plain: true);
        using (var file = CheckpointFile.Open(request.CoarsePath))
        {
            SafetensorsWriter.Write(
                _folder.File("more"), file.Entries.Select(entry => TensorSource.Of(file, entry)).Append(TensorSource.Of("adapter.weight", zeros(2))));
        }

        var error = Assert.Throws<CheckpointException>(() => BundleConverter.Convert(request with { CoarsePath = _folder.File("more") }));

        Assert.Contains("unexpected: adapter.weight [2]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Convert_FolderWithABundle_IsUnchanged()
    {
        using var original = new TinyBundle(plain: true);
        var request = Request(original, plain: true);
        BundleConverter.Convert(request);

        Assert.Contains(
            "already contains a bundle", Assert.Throws<CheckpointException>(() => BundleConverter.Convert(request)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Writes the parts of a bundle as <c>.pt</c> files.</summary>
    private ConversionRequest Request(TinyBundle original, bool plain) => new()
    {
        TokenizerPath = AsPyTorch(original, BundleFiles.Tokenizer),
        CoarsePath = AsPyTorch(original, BundleFiles.Coarse),
        FinePath = plain ? null : AsPyTorch(original, BundleFiles.Fine),
        OutputDirectory = _folder.File("bundle"),
        Name = "converted",
        ImageSize = 16,
        CoarseHeads = 4,
        FineHeads = 4,
        GuidanceScale = 1,
    };

    private string AsPyTorch(TinyBundle bundle, string part)
    {
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(Path.Combine(bundle.Directory, part));
        var path = _folder.File(Path.ChangeExtension(part, ".pt"));
        TorchFileWriter.Write(
            path,
            [.. file.Entries.Select(entry => (entry.Name, entry.Shape.ToArray()))],
            (name, elements) => file.Read(name).data<float>().CopyTo(elements));
        return path;
    }

    private static int[][] TokensOf(string directory, string dtype = "float32")
    {
        using var generator = new CtfImageGeneratorFactory(directory, () => ModelPlacement.Parse("cpu", dtype)).Load(CancellationToken.None);
        var settings = new SamplingSettings();
        ImageSpecification[] batch = [.. Enumerable.Range(0, 3).Select(i => new ImageSpecification(i, (ulong)i, settings, settings))];
        return [.. generator.Generate(batch, CancellationToken.None).Select(image => image.Tokens.ToArray())];
    }
}
