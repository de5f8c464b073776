using CtfService.LoadGenerator.Requests;

namespace CtfService.Cli.Tests.Load;

public sealed class TrafficMixTests
{
    [Fact]
    public void Parse_Weights_AreShares()
    {
        var mix = TrafficMix.Parse("json=30, file=10,hangup=10");

        Assert.Equal((0.75, 0.25, 0), (mix.Share(RequestKind.Json), mix.Share(RequestKind.File), mix.Share(RequestKind.Edit)));
        Assert.Equal(0.2, mix.HangUpShare);
    }

    [Fact]
    public void Next_FollowsTheWeights()
    {
        var (mix, random) = (TrafficMix.Parse("json=3,file=1"), new Random(1));

        var kinds = Enumerable.Range(0, 4_000).Select(_ => mix.Next(random)).ToList();

        Assert.InRange(kinds.Count(kind => kind == RequestKind.Json), 2_890, 3_110); // four standard deviations
        Assert.Equal([RequestKind.Json, RequestKind.File], kinds.Distinct().Order());
    }

    [Theory]
    [InlineData("jason=1", "'jason=1'")]
    [InlineData("json", "'json'")]
    [InlineData("json=-1", "'json=-1'")]
    [InlineData("json=0", "sends nothing")]
    [InlineData("hangup=1", "sends nothing")]
    public void Parse_NoMix_SaysWhatIsWrong(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<FormatException>(() => TrafficMix.Parse(text)).Message, StringComparison.Ordinal);
}
