using CtfService.Core.Generation;

namespace CtfService.Core.Tests.Generation;

public sealed class NumberRangeTests
{
    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void Contains_NotFinite_IsFalse(double value)
    {
        Assert.False(NumberRange.From(double.MinValue).Contains(value));
        Assert.False(NumberRange.Between(double.NegativeInfinity, double.PositiveInfinity).Contains(value));
    }

    [Fact]
    public void Contains_Ends_AreInUnlessExcluded()
    {
        Assert.True(NumberRange.Between(1, 3).Contains(1));
        Assert.True(NumberRange.Between(1, 3).Contains(3));
        Assert.False(NumberRange.Between(1, 3).Contains(4));
        Assert.False(NumberRange.Above(0.0, 1.0).Contains(0));
        Assert.True(NumberRange.Above(0.0, 1.0).Contains(1));
        Assert.True(NumberRange.From(1).Contains(int.MaxValue));
    }

    [Fact]
    public void ToString_Kinds_AreInWords()
    {
        Assert.Equal("1 to 64", NumberRange.Between(1, 64).ToString());
        Assert.Equal("0 or more", NumberRange.From(0).ToString());
        Assert.Equal("above 0, up to 0.5", NumberRange.Above(0.0, 0.5).ToString());
    }
}
