using CtfService.Inference.Queue;

namespace CtfService.Inference.Tests.Queue;

public sealed class GenerationPaceTests
{
    private readonly GenerationPace _pace = new();

    [Fact]
    public void Estimate_NothingMeasured_IsOneSecond()
    {
        Assert.Equal(TimeSpan.FromSeconds(1), _pace.Estimate(10));
    }

    [Fact]
    public void Estimate_OneBatchMeasured_IsTimePerImageInWholeSeconds()
    {
        _pace.Measure(images: 4, TimeSpan.FromSeconds(2));

        Assert.Equal(TimeSpan.FromSeconds(5), _pace.Estimate(9)); // 4.5 s
    }

    [Fact]
    public void Estimate_NewBatch_MovesAQuarterOfTheWay()
    {
        _pace.Measure(images: 1, TimeSpan.FromSeconds(4));
        _pace.Measure(images: 1, TimeSpan.FromSeconds(8));

        Assert.Equal(TimeSpan.FromSeconds(5), _pace.Estimate(1));
    }
}
