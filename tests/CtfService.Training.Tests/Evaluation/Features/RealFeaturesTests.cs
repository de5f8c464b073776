using CtfService.TestSupport;
using CtfService.Training.Data.Formats;
using CtfService.Training.Evaluation.Features;
using CtfService.Training.Evaluation.Statistics;
using CtfService.Training.Progress;
using CtfService.Training.Tests.Data.Formats;

namespace CtfService.Training.Tests.Evaluation.Features;

public sealed class RealFeaturesTests : IDisposable
{
    private readonly TemporaryFolder _cache = new();
    private readonly FigureCollector _collector = new();

    public void Dispose() => _cache.Dispose();

    [Fact]
    public void LoadOrExtract_SecondTime_ReadsTheSameFromDisk()
    {
        using var extractor = new FakeFeatures();
        using var computed = Load(extractor);
        var batches = extractor.Batches;

        using var loaded = Load(extractor);

        Assert.Equal(batches, extractor.Batches);
        Assert.Equal(SetFigures.Of(computed.Test!, computed.Train, _collector, "test"), SetFigures.Of(loaded.Test!, loaded.Train, _collector, "test"));
        Assert.Equal(computed.Halves(_collector, "halves"), loaded.Halves(_collector, "halves"));
    }

    [Fact]
    public void LoadOrExtract_OtherImagesOrExtractor_Recomputes()
    {
        using var extractor = new FakeFeatures();
        Load(extractor).Dispose();
        var batches = extractor.Batches;

        Load(extractor, seed: 9).Dispose();
        using var other = new FakeFeatures { Hash = new string('2', 64) };
        Load(other).Dispose();

        Assert.True(extractor.Batches > batches);
        Assert.True(other.Batches > 0);
    }

    [Fact]
    public void LoadOrExtract_ImagesOnDisk_HaveTheFeaturesOfImagesInMemoryAndAreCached()
    {
        using var files = new TemporaryFolder();
        var path = StoredSets.ClassFolders(files.File("set"), StoredSets.Plain(12));
        RealFeatures Of(FakeFeatures extractor, long memory)
        {
            var images = ImageDatasetReader.Open(path, new DatasetRequest(4) { MemoryLimit = memory });
            return RealFeatures.LoadOrExtract(Path.Combine(_cache.Root, $"{memory}"), extractor, images, images, NoProgress.Instance);
        }

        using var extractor = new FakeFeatures();
        using var memory = Of(extractor, 1 << 20);
        using var disk = Of(extractor, 0);
        var batches = extractor.Batches;
        Of(extractor, 0).Dispose();

        Assert.Equal(memory.Train.Kept.Pooled.data<float>().ToArray(), disk.Train.Kept.Pooled.data<float>().ToArray());
        Assert.Equal(batches, extractor.Batches);
        File.Delete(Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).First());
        Of(extractor, 0).Dispose();
        Assert.True(extractor.Batches > batches);
    }

    [Fact]
    public void Figures_RealTestImages_AreCloserThanOtherImages()
    {
        using var extractor = new FakeFeatures();
        using var real = Load(extractor);
        using var darker = FeatureSet.Extract(extractor, NoisyImages.Of(20, 20, seed: 5, brightness: 120), NoProgress.Instance);

        var test = SetFigures.Of(real.Test!, real.Train, _collector, "test");
        var others = SetFigures.Of(darker, real.Train, _collector, "darker");

        Assert.True(test.Fid < 0.02 && others.Fid > 10 * test.Fid, $"FID {test.Fid} and {others.Fid}");
        Assert.True(test.Precision > 0.6 && test.Recall > 0.6, $"{test}");
        Assert.Equal((0, 0), (others.Precision, others.Recall));
        Assert.Equal(1, test.ClassAccuracy);
    }

    [Fact]
    public void Halves_FewerImages_LieFurtherApart()
    {
        using var extractor = new FakeFeatures();
        using var real = Load(extractor);

        var whole = real.Halves(_collector, "halves");
        var small = real.Halves(_collector, "halves", perClass: 3);

        Assert.Equal((40, 40), (whole.FirstImages, whole.SecondImages));
        Assert.Equal((6, 6), (small.FirstImages, small.SecondImages));
        Assert.InRange(whole.Fid!.Value, 0, small.Fid!.Value);
    }

    private RealFeatures Load(FakeFeatures extractor, int seed = 1) => RealFeatures.LoadOrExtract(
        _cache.Root, extractor, NoisyImages.Of(50, 30, seed), NoisyImages.Of(20, 20, seed: 2), NoProgress.Instance);
}
