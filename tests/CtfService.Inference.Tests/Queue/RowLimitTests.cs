using CtfService.Inference.Queue;

namespace CtfService.Inference.Tests.Queue;

public sealed class RowLimitTests
{
    private const int All = 16;

    private readonly RowLimit _limit = new();

    [Fact]
    public void FreeRows_EveryStepFits_EqualThoseOfTheGenerator() => Assert.Equal(5, _limit.FreeRows(free: 5, used: 11));

    [Fact]
    public void FreeRows_AStepDidNotFit_StayBelowTheLimit()
    {
        _limit.Shrink(rows: 4);

        Assert.Equal(1, _limit.FreeRows(free: 13, used: 3));
    }

    [Fact]
    public void Finished_LimitIsReached_RaisesTheLimitByAnImage()
    {
        _limit.Shrink(rows: 4);

        Finish(3);
        Assert.Equal(4, _limit.FreeRows(free: All, used: 0));

        Finish(1);
        Assert.Equal(6, _limit.FreeRows(free: All, used: 0));
    }

    [Fact]
    public void Finished_AllRowsAreReached_RemovesTheLimit()
    {
        _limit.Shrink(rows: 4);

        Finish(4 + 6 + 8 + 10 + 12 + 14);

        Assert.Equal(100, _limit.FreeRows(free: 100, used: 0));
    }

    private void Finish(int images)
    {
        for (var image = 0; image < images; image++)
        {
            _limit.Finished(rows: 1, All);
        }
    }
}
