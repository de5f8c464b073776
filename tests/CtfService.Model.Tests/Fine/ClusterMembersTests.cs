using CtfService.Model.Clusters;
using CtfService.Model.Fine;
using CtfService.Model.TestSupport;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Fine;

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

    [Fact]
    public void Places_OfEveryToken_LeadBackToIt()
    {
        using var scope = NewDisposeScope();
        var map = ClusterMap.FromAssignments([0, 1, 0, 2, 1, 0, 2, 2, 2], zeros(9, 4));
        using var members = new ClusterMembers(map, CPU);
        var tokens = arange(9, int64);
        var labels = tensor(map.ClusterOfToken.Select(cluster => (long)cluster).ToArray());

        TensorAssert.Equal(tokens, members.Tokens(members.Places(tokens), labels));
    }
}
