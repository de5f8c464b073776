using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;

namespace CtfService.Inference.Tests.Queue;

/// <summary>Images without decode steps, each of which takes a tenth of a second.</summary>
public sealed class LayoutFairShareTests
{
    private static readonly ImageSpecification Layout = Jobs.Image() with { Layout = new LayoutSource.Given([]) };

    private readonly StageCostEstimator _estimator = new();
    private readonly LayoutFairShare _fairShare;

    public LayoutFairShareTests()
    {
        _fairShare = new LayoutFairShare(_estimator);
        _estimator.Measure(Step(decode: 0, later: 100));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(2, false)] // three would take longer than 250 ms
    public void MayStart_NothingIsDrawn_FillsAShortStep(int running, bool expected) =>
        Assert.Equal(expected, _fairShare.MayStart(Layout, new RunningImages(FreeRows: 4, Drawn: 0, running)));

    [Theory]
    [InlineData(7, true)]
    [InlineData(8, false)]
    public void MayStart_ImagesCostNothing_StartsABatchAtMost(int running, bool expected) =>
        Assert.Equal(expected, new LayoutFairShare(new StageCostEstimator()).MayStart(Layout, new RunningImages(FreeRows: 4, Drawn: 0, running)));

    [Fact]
    public void MayStart_ImagesAreDrawn_WaitsUntilTheyHadAnEqualShare()
    {
        Assert.True(MayStartBesideDrawn());
        _fairShare.Started(Layout);
        Assert.False(MayStartBesideDrawn());

        _fairShare.StepEnded(Step(decode: 60, later: 100)); // 60 ms for the drawn images
        Assert.False(MayStartBesideDrawn());

        _fairShare.StepEnded(Step(decode: 40, later: 0));
        Assert.True(MayStartBesideDrawn());
    }

    [Fact]
    public void MayStart_ImagesWereDrawnAloneForLong_AccumulatesAtMostAStep()
    {
        _fairShare.StepEnded(Step(decode: 60_000, later: 0));

        var started = 0;
        while (MayStartBesideDrawn())
        {
            _fairShare.Started(Layout);
            started++;
        }

        Assert.Equal(3, started); // 250 ms
    }

    [Fact]
    public void MayStart_NothingWasDrawn_OwesNothing()
    {
        _fairShare.Started(Layout);
        Assert.False(MayStartBesideDrawn());

        Assert.True(_fairShare.MayStart(Layout, new RunningImages(FreeRows: 4, Drawn: 0, Layouts: 0)));

        Assert.True(MayStartBesideDrawn());
    }

    private bool MayStartBesideDrawn() => _fairShare.MayStart(Layout, new RunningImages(FreeRows: 4, Drawn: 1, Layouts: 0));

    private static StepReport Step(double decode, double later) => new(Rows: decode > 0 ? 1 : 0, TimeSpan.FromMilliseconds(decode))
    {
        VqDecode = new StageWork(later > 0 ? 1 : 0, TimeSpan.FromMilliseconds(later)),
    };
}
