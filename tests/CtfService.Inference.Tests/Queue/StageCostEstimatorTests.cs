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
    public void Measure_EveryStage_CountsEachImage()
    {
        _estimator.Measure(new StepReport(Rows: 16, Milliseconds(20)) { VqEncode = Work(2, 800), Fine = Work(4, 200), VqDecode = Work(8, 640) });

        Assert.Equal(new StageCosts(Milliseconds(400), Milliseconds(50), Milliseconds(80)), _estimator.Costs);
    }

    [Fact]
    public void Measure_AnotherStep_MovesTheAverageByAQuarter()
    {
        _estimator.Measure(new StepReport(Rows: 1, TimeSpan.Zero) { Fine = Work(1, 40) });
        _estimator.Measure(new StepReport(Rows: 1, TimeSpan.Zero) { Fine = Work(1, 80) });

        Assert.Equal(Milliseconds(50), _estimator.Costs.Fine);
    }

    [Fact]
    public void Measure_StageDidNotRun_KeepsItsAverage()
    {
        _estimator.Measure(new StepReport(Rows: 1, Milliseconds(40)) { VqDecode = Work(1, 10) });
        _estimator.Measure(new StepReport(Rows: 0, TimeSpan.Zero) { VqDecode = Work(1, 10) });

        Assert.Equal((Milliseconds(40), 1), (_estimator.UsualLabel(rows: 1, all: 16), _estimator.Labels));
    }

    [Fact]
    public void Measure_WindowsOfTwoGuidedImages_CountsTheLabelsOfEachByTheRowsThatTheyOccupy()
    {
        _estimator.Measure(Windows(images: 2, window: 4, labels: 5, milliseconds: 10));

        Assert.Equal(2.5, _estimator.Labels);
        Assert.Equal(Milliseconds(4), _estimator.UsualLabel(rows: 4, all: 16));
    }

    [Fact]
    public void UsualLabel_SomeStepsDrewMore_CountsAllTimeAndAllLabels()
    {
        for (var step = 0; step < 1_000; step++)
        {
            _estimator.Measure(Windows(images: 1, window: 8, labels: 1 + (step % 8 == 0 ? 7 : 0), milliseconds: 15));
        }

        Assert.InRange(_estimator.UsualLabel(rows: 2, all: 16).TotalMilliseconds, 7.2, 8.8); // 15 ms for 15/8 labels, and not 15 ms for 7 steps of 8
    }

    [Fact]
    public void FastestLabel_LuckOfOneStep_DoesNotCount()
    {
        foreach (var labels in (int[])[8, 1, 1, 2, 2, 2, 8, 1, 1, 2, 2, 2]) // 32 labels in 12 steps
        {
            _estimator.Measure(Windows(images: 1, window: 8, labels, milliseconds: 8));
        }

        Assert.Equal(Milliseconds(3), _estimator.FastestLabel(rows: 2, all: 16));
    }

    [Fact]
    public void Label_OnlyOneImageWasMeasured_TakesAWholeStepInAFullBatch()
    {
        for (var step = 0; step < 32; step++)
        {
            _estimator.Measure(Windows(images: 1, window: 8, labels: 4, milliseconds: 8)); // 16 rows
        }

        Assert.Equal((Milliseconds(2), Milliseconds(8)), (_estimator.UsualLabel(rows: 2, all: 16), _estimator.UsualLabel(rows: 16, all: 16)));
        Assert.Equal((Milliseconds(2), Milliseconds(8)), (_estimator.FastestLabel(rows: 2, all: 16), _estimator.FastestLabel(rows: 16, all: 16)));
    }

    [Fact]
    public void Label_StepsHaveMoreRowsThanImagesOccupy_IsThatOfWindowsInAFullBatchToo()
    {
        for (var step = 0; step < 32; step++)
        {
            _estimator.Measure(Windows(images: 1, window: 16, labels: 4, milliseconds: 8)); // 32 rows, as on libtorch
        }

        Assert.Equal((Milliseconds(2), Milliseconds(2)), (_estimator.UsualLabel(rows: 16, all: 16), _estimator.FastestLabel(rows: 16, all: 16)));
    }

    [Fact]
    public void Label_AFewImagesWereNotMeasured_TakesNoLongerThanWindowsOfTheRowsThatAreLeft()
    {
        for (var step = 0; step < 32; step++)
        {
            _estimator.Measure(Windows(images: 1, window: 8, labels: 8, milliseconds: 8)); // 1 ms a label
            _estimator.Measure(new StepReport(Rows: 2, Milliseconds(8)) { Decode = new DecodeWork(1, 1, 1, 0) }); // at the end of an image
        }

        Assert.InRange(_estimator.FastestLabel(rows: 4, all: 16), Milliseconds(1), Milliseconds(2)); // windows of 4 positions draw 4 labels in 8 ms at most
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
        var costs = new StageCosts(VqEncode: Milliseconds(400), Fine: Milliseconds(50), VqDecode: Milliseconds(80));
        var picture = Jobs.Image() with { Layout = new LayoutSource.Encoded(new RgbImage(1, 1, new byte[3])) };

        Assert.Equal(Milliseconds(530), costs.LaterStages(picture));
        Assert.Equal(Milliseconds(130), costs.LaterStages(Jobs.Image()));
    }

    /// <summary>Gets a step of guided images.</summary>
    private static StepReport Windows(int images, int window, int labels, double milliseconds) => new(2 * images * window, Milliseconds(milliseconds))
    {
        Decode = new DecodeWork(images, images * window, labels, 2 * ((images * window) - labels)),
    };

    private static StageWork Work(int images, double milliseconds) => new(images, Milliseconds(milliseconds));

    private static TimeSpan Milliseconds(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
