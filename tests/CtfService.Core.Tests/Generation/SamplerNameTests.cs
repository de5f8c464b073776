using CtfService.Core.Generation;

namespace CtfService.Core.Tests.Generation;

public sealed class SamplerNameTests
{
    [Fact]
    public void Of_EveryMethod_IsFoundAgain() =>
        Assert.All(Enum.GetValues<SamplingMethod>(), method => Assert.Equal(method, SamplerName.Find(SamplerName.Of(method))));

    [Theory]
    [InlineData(null, SamplingMethod.InverseCdf)]
    [InlineData("", null)]
    [InlineData("GumbelMax", null)]
    public void Find_NoNameOrAnUnknownOne_IsTheOldMethodOrNull(string? name, SamplingMethod? expected) => Assert.Equal(expected, SamplerName.Find(name));
}
