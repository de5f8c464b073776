using CtfService.Model.Cpu.Threads;

namespace CtfService.Model.Tests.Cpu;

public sealed class TeamSizeTests
{
    private const long Run = 1000;

    [Theory]
    [InlineData(2, 1)]
    [InlineData(16, 8)]
    [InlineData(5, 3)]
    public void End_WaitedMoreThanHalf_HalvesTheTeam(int most, int left)
    {
        var size = new TeamSize(most);

        size.End(now: Run, elapsed: Run, waited: 501);

        Assert.Equal(left, size.Current);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(0)]
    public void End_WaitedNoMoreThanHalf_KeepsTheTeam(long waited)
    {
        var size = new TeamSize(4);

        size.End(now: Run, elapsed: Run, waited);

        Assert.Equal(4, size.Current);
    }

    [Fact]
    public void End_AloneAlready_StaysAlone()
    {
        var size = new TeamSize(1);

        size.End(now: Run, elapsed: Run, waited: Run);

        Assert.Equal(1, size.Current);
    }

    [Fact]
    public void Begin_RestIsOver_DoublesTheTeam()
    {
        var size = new TeamSize(8);
        size.End(now: 0, elapsed: Run, waited: Run);
        var rest = 2 * TeamSize.ShortestRest;

        size.Begin(rest - 1);
        var before = size.Current;
        size.Begin(rest);

        Assert.Equal((4, 8), (before, size.Current));
    }

    [Fact]
    public void Begin_TroubleAgainAndAgain_RestsAtMostTheLongestTime()
    {
        var size = new TeamSize(2);
        var now = 0L;
        for (var trial = 0; trial < 20; trial++)
        {
            size.End(now, elapsed: Run, waited: Run);
            now += TeamSize.LongestRest;
            size.Begin(now);
            Assert.Equal(2, size.Current);
        }

        size.End(now, elapsed: Run, waited: Run);
        size.Begin(now + TeamSize.LongestRest - 1);

        Assert.Equal(1, size.Current);
    }

    [Fact]
    public void End_LongWithoutTrouble_NextRestIsShortAgain()
    {
        var size = new TeamSize(2);
        for (var trial = 0; trial < 5; trial++)
        {
            size.End(trial * TeamSize.LongestRest, elapsed: Run, waited: Run);
            size.Begin((trial + 1) * TeamSize.LongestRest);
        }

        var calm = 7 * TeamSize.LongestRest;
        size.End(calm, elapsed: Run, waited: 0);
        size.End(calm, elapsed: Run, waited: Run);
        size.Begin(calm + (2 * TeamSize.ShortestRest));

        Assert.Equal(2, size.Current);
    }
}
