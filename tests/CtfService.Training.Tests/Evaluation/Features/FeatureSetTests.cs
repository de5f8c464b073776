using CtfService.Model.TestSupport;
using CtfService.Training.Data;
using CtfService.Training.Evaluation.Features;
using CtfService.Training.Progress;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Evaluation.Features;

public sealed class FeatureSetTests
{
    [Fact]
    public void Extract_UnevenClasses_WeightsThemEqually()
    {
        using var scope = NewDisposeScope();
        using var extractor = new FakeFeatures();
        var uneven = NoisyImages.Of(red: 4, green: 12, seed: 1);
        using var set = FeatureSet.Extract(extractor, uneven, NoProgress.Instance);

        var features = extractor.Extract(ImageBatch.Of(uneven, [.. Enumerable.Range(0, uneven.Count)]).Pixels).Pooled.to(float64);
        var expected = (features.narrow(0, 0, 4).mean([0]) + features.narrow(0, 4, 12).mean([0])) / 2;

        TensorAssert.CloseAbsolute(expected, set.Pooled.Mean, 1e-6, "mean");
        Assert.Equal(16, set.Count);
    }

    [Fact]
    public void Extract_KnownClasses_JudgesThem()
    {
        using var extractor = new FakeFeatures();
        using var set = FeatureSet.Extract(extractor, NoisyImages.Of(red: 4, green: 12, seed: 1), NoProgress.Instance);

        Assert.Equal(1, set.Classes!.Accuracy);
        Assert.InRange(set.Score!.Mean, 1.8, 2); // confident predictions of two classes of equal weight
    }

    [Fact]
    public void Extract_ExtractorWithoutClasses_AcceptsAnyDataSet()
    {
        using var extractor = new FakeFeatures { ClassNames = null };
        using var set = FeatureSet.Extract(extractor, NoisyImages.Of(4, 4, seed: 1), NoProgress.Instance);

        Assert.Null(set.Classes);
    }

    [Fact]
    public void Extract_OtherClasses_SaysWhich()
    {
        using var extractor = new FakeFeatures { ClassNames = ["red", "blue"] };

        var exception = Assert.Throws<DatasetException>(() => FeatureSet.Extract(extractor, NoisyImages.Of(2, 2, seed: 1), NoProgress.Instance));

        Assert.Contains("green", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Extract_Again_LeavesNoTensorsBehind()
    {
        using var extractor = new FakeFeatures();
        var images = NoisyImages.Of(6, 6, seed: 1);
        void Run() => FeatureSet.Extract(extractor, images, NoProgress.Instance).Dispose();
        Run();

        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Run();

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }
}
