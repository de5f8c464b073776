using CtfService.Inference.Queue;

namespace CtfService.Inference.Tests.Queue;

public sealed class TimesByRowsTests
{
    private readonly TimesByRows _times = new();

    [Fact]
    public void Usual_NothingIsMeasured_IsZero()
    {
        Assert.Equal(TimeSpan.Zero, _times.Usual(4));
        Assert.Equal(TimeSpan.Zero, _times.Fastest(4));
    }

    [Theory]
    [InlineData(1, 1)] // a quarter of a step with four rows
    [InlineData(4, 4)]
    [InlineData(5, 4)]
    [InlineData(100, 4)]
    public void Usual_AnotherNumberOfRowsIsMeasured_IsNotLongerThanItTakes(int rows, int milliseconds)
    {
        _times.Measure(4, TimeSpan.FromMilliseconds(4), labels: 1, isDrafted: false);

        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), _times.Usual(rows));
    }

    [Fact]
    public void Usual_OneStepIsHeldUp_ChangesLittle()
    {
        _times.Measure(4, TimeSpan.FromMilliseconds(4), labels: 1, isDrafted: false);

        _times.Measure(4, TimeSpan.FromMilliseconds(36), labels: 1, isDrafted: false);

        Assert.Equal((5, 4), (_times.Usual(4).TotalMilliseconds, _times.Fastest(4).TotalMilliseconds));
    }

    [Fact]
    public void Measure_ManyRows_KeepsTheOthers()
    {
        _times.Measure(3, TimeSpan.FromMilliseconds(1), labels: 1, isDrafted: false);

        _times.Measure(4_096, TimeSpan.FromMilliseconds(9), labels: 1, isDrafted: false);

        Assert.Equal((1, 9), (_times.Usual(4_095).TotalMilliseconds, _times.Usual(4_096).TotalMilliseconds));
    }
}
