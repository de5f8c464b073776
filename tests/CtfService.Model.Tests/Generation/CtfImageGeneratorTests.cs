using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Clusters;
using CtfService.Model.Generation;
using CtfService.Model.TestSupport;
using TorchSharp;

namespace CtfService.Model.Tests.Generation;

public sealed class CtfImageGeneratorTests
{
    private static readonly SamplingSettings Plain = new();

    [Theory]
    [InlineData(0)]
    [InlineData(33)]
    public void MaxWindow_OutOfRange_Throws(int positions)
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => new CtfImageGeneratorFactory("bundle") { MaxWindow = positions });

        Assert.Contains("1 to 32 positions", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Generate_AloneAndInBatchOfEight_GivesTheSameTokens()
    {
        using var bundle = new TinyBundle();
        using var generator = new CtfImageGeneratorFactory(bundle.Directory).Load(CancellationToken.None);
        ImageSpecification[] batch = [.. Enumerable.Range(0, 8).Select(i => new ImageSpecification(
            i % TinyBundle.Classes,
            (ulong)i,
            new SamplingSettings(Temperature: 0.8f + (0.1f * i), TopK: i % 3, TopP: 1 - (0.02f * i), GuidanceScale: 1 + (i % 4)),
            new SamplingSettings(Temperature: 1.2f, TopK: i % 5, GuidanceScale: 1 + (i % 2))))];

        var together = generator.Generate(batch, CancellationToken.None);
        var alone = batch.Select(image => generator.Generate([image], CancellationToken.None)[0]).ToList();

        Assert.All(together.Zip(alone), pair => Assert.Equal(pair.Second.Tokens, pair.First.Tokens));
        Assert.All(together.Zip(alone), pair => Assert.Equal(pair.Second.CoarseLabels, pair.First.CoarseLabels));
    }

    [Fact]
    public void Generate_SameSeedTwice_GivesIdenticalPixels()
    {
        using var bundle = new TinyBundle();
        using var generator = new CtfImageGeneratorFactory(bundle.Directory).Load(CancellationToken.None);
        var image = new ImageSpecification(1, 42, Plain, Plain);

        var first = generator.Generate([image], CancellationToken.None)[0];
        var second = generator.Generate([image], CancellationToken.None)[0];
        var other = generator.Generate([image with { Seed = 43 }], CancellationToken.None)[0];

        Assert.Equal(first.Image.Pixels, second.Image.Pixels);
        Assert.NotEqual(first.Tokens, other.Tokens);
    }

    [Fact]
    public void Generate_TopKOne_EqualsTemperatureZero()
    {
        using var bundle = new TinyBundle();
        using var generator = new CtfImageGeneratorFactory(bundle.Directory).Load(CancellationToken.None);
        var topK = new SamplingSettings(TopK: 1);
        var argmax = new SamplingSettings(Temperature: 0);

        var first = generator.Generate([new ImageSpecification(2, 1, topK, topK)], CancellationToken.None)[0];
        var second = generator.Generate([new ImageSpecification(2, 99, argmax, argmax)], CancellationToken.None)[0];

        Assert.Equal(second.Tokens, first.Tokens);
    }

    [Fact]
    public void Generate_AnyImage_DrawsEachTokenFromItsCluster()
    {
        using var bundle = new TinyBundle();
        using var generator = new CtfImageGeneratorFactory(bundle.Directory).Load(CancellationToken.None);
        var map = ClusterMap.Load(Path.Combine(bundle.Directory, "cluster-map.safetensors"));

        ImageSpecification[] specifications = [.. Enumerable.Range(0, 6).Select(i => new ImageSpecification(i % TinyBundle.Classes, (ulong)i, Plain, Plain))];
        var images = generator.Generate(specifications, CancellationToken.None);

        Assert.All(images, image => Assert.Equal(image.CoarseLabels, image.Tokens.Select(map.ClusterOf)));
        Assert.True(images.SelectMany(image => image.Tokens).Distinct().Count() > TinyBundle.Clusters);
    }

    [Fact]
    public void Generate_PlainModel_UsesCoarseLabelsAsTokens()
    {
        using var bundle = new TinyBundle(plain: true);
        using var generator = new CtfImageGeneratorFactory(bundle.Directory).Load(CancellationToken.None);

        var image = generator.Generate([new ImageSpecification(0, 5, new SamplingSettings(GuidanceScale: 2), Plain)], CancellationToken.None)[0];

        Assert.False(generator.Model.HasFineStage);
        Assert.Equal(image.CoarseLabels, image.Tokens);
        Assert.Equal((16, 16), (image.Image.Width, image.Image.Height));
        Assert.Equal(TimeSpan.Zero, image.Timings.Fine);
    }

    [Fact]
    public void Generate_ManyTimes_LeavesNoTensorBehind()
    {
        using var bundle = new TinyBundle();
        using var generator = new CtfImageGeneratorFactory(bundle.Directory).Load(CancellationToken.None);
        var image = new ImageSpecification(3, 1, new SamplingSettings(TopK: 4, GuidanceScale: 2), Plain);
        generator.Generate([image], CancellationToken.None);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        for (var i = 0; i < 200; i++)
        {
            generator.Generate([image, image], CancellationToken.None);
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Generate_Cancelled_Stops()
    {
        using var bundle = new TinyBundle();
        using var generator = new CtfImageGeneratorFactory(bundle.Directory).Load(CancellationToken.None);

        Assert.Throws<OperationCanceledException>(
            () => generator.Generate([new ImageSpecification(0, 1, Plain, Plain)], new CancellationToken(canceled: true)));
    }
}
