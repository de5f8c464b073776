using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;

namespace CtfService.Inference.Tests.Queue;

public sealed class StageCostEstimatorTests
{
    private readonly StageCostEstimator _estimator = new();

    [Fact]
    public void Costs_NothingMeasured_AreZero() => Assert.Equal(default, _estimator.Costs);

    [Fact]
    public void Measure_EveryStage_CountsDecodePerStepAndOtherStagesPerImage()
    {
        _estimator.Measure(new StepReport(Rows: 16, Milliseconds(20)) { VqEncode = Work(2, 800), Fine = Work(4, 200), VqDecode = Work(8, 640) });

        Assert.Equal(new StageCosts(Milliseconds(20), Milliseconds(400), Milliseconds(50), Milliseconds(80)), _estimator.Costs);
    }

    [Fact]
    public void Measure_AnotherStep_MovesTheAverageByAQuarter()
    {
        _estimator.Measure(new StepReport(Rows: 1, Milliseconds(40)));
        _estimator.Measure(new StepReport(Rows: 1, Milliseconds(80)));

        Assert.Equal(Milliseconds(50), _estimator.Costs.DecodeStep);
    }

    [Fact]
    public void Measure_StageDidNotRun_KeepsItsAverage()
    {
        _estimator.Measure(new StepReport(Rows: 1, Milliseconds(40)) { VqDecode = Work(1, 10) });
        _estimator.Measure(new StepReport(Rows: 0, TimeSpan.Zero) { VqDecode = Work(1, 10) });

        Assert.Equal(Milliseconds(40), _estimator.Costs.DecodeStep);
        Assert.Equal(1, _estimator.DecodeSteps);
    }

    [Fact]
    public void Costs_NoPictureWasEncoded_UsesVqDecodeForVqEncode()
    {
        _estimator.Measure(new StepReport(Rows: 0, TimeSpan.Zero) { VqDecode = Work(2, 60) });

        Assert.Equal(Milliseconds(30), _estimator.Costs.VqEncode);
    }

    [Fact]
    public void LaterStages_KindsOfImages_CountVqEncodeForPicturesOnly()
    {
        var costs = new StageCosts(Milliseconds(1), VqEncode: Milliseconds(400), Fine: Milliseconds(50), VqDecode: Milliseconds(80));
        var picture = Jobs.Image() with { Layout = new LayoutSource.Encoded(new RgbImage(1, 1, new byte[3])) };

        Assert.Equal(Milliseconds(530), costs.LaterStages(picture));
        Assert.Equal(Milliseconds(130), costs.LaterStages(Jobs.Image()));
    }

    private static StageWork Work(int images, double milliseconds) => new(images, Milliseconds(milliseconds));

    private static TimeSpan Milliseconds(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
