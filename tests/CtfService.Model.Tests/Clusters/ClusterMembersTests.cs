using CtfService.Model.Clusters;
using CtfService.Model.Tests.Support;
using CtfService.Model.TestSupport;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Clusters;

[Collection(GlobalGenerator.Name)]
public sealed class ClusterMembersTests
{
    [Fact]
    public void Score_MembersOnly_EqualsThoseOfTheWholeCodebook()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        var map = ClusterMap.FromAssignments([0, 1, 0, 2, 1, 0, 2, 2, 2], randn(9, 4));
        using var members = new ClusterMembers(map, CPU);
        var hidden = randn(6, 5);
        var head = randn(9, 5);
        var labels = tensor(new long[] { 0, 1, 2, 2, 1, 0 });

        var scored = members.Score(hidden, labels, head);
        var selected = members.Select(nn.functional.linear(hidden, head), labels);

        TensorAssert.Close(selected.masked_fill(selected.isinf(), 0), scored.masked_fill(scored.isinf(), 0), 1e-6);
        TensorAssert.Equal(selected.isinf(), scored.isinf());
        Assert.Equal([1, 2, 0, 0, 2, 1], scored.isinf().sum(1).data<long>().ToArray());
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16)]
    public void Score_InBlocks_GivesTheBitsOfOneBlock(ScalarType type)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        var map = ClusterMap.Random(zeros(200, 4), clusterCount: 9, seed: 1);
        using var members = new ClusterMembers(map, CPU);
        var (hidden, head) = (randn(101, 48).to(type), randn(200, 48).to(type));
        var labels = randint(0, 9, 101);
        var bytesOfPosition = members.Width * 48 * head.element_size();

        foreach (var (positions, blocks) in ((int, int)[])[(1, 50), (7, 15), (100, 2), (101, 1)])
        {
            using var blocked = new ClusterMembers(map, CPU) { BlockBytes = positions * bytesOfPosition };

            Assert.Equal(blocks, blocked.BlockCount(101, head));
            Assert.Equal(members.Score(hidden, labels, head).data<float>().ToArray(), blocked.Score(hidden, labels, head).data<float>().ToArray());
        }
    }

    /// <summary>GPT-L with 1,024 positions and clusters of 128 codewords: gathering all rows of eight images would take over 1.8 GB.</summary>
    [Fact]
    public void BlockCount_LargeModel_BoundsABlock()
    {
        using var scope = NewDisposeScope();
        using var members = new ClusterMembers(ClusterMap.Random(zeros(16384, 1), clusterCount: 128, seed: 1), CPU);
        var head = empty([16384, 1024], bfloat16, META);

        Assert.Equal(32, members.BlockCount(8 * 1024, head)); // 256 positions x 128 members x 1,024 numbers x 2 bytes
    }

    [Fact]
    public void Places_OfEveryToken_RoundTrip()
    {
        using var scope = NewDisposeScope();
        var map = ClusterMap.FromAssignments([0, 1, 0, 2, 1, 0, 2, 2, 2], zeros(9, 4));
        using var members = new ClusterMembers(map, CPU);
        var tokens = arange(9, int64);
        var labels = tensor(map.ClusterOfToken.Select(cluster => (long)cluster).ToArray());

        TensorAssert.Equal(tokens, members.Tokens(members.Places(tokens), labels));
    }
}
