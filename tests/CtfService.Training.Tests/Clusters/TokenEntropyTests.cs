using CtfService.Model.Clusters;
using CtfService.Training.Clusters;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Clusters;

public sealed class TokenEntropyTests
{
    [Fact]
    public void Of_EvenTokens_IsTheLogarithmOfTheCounts()
    {
        using var codebook = zeros(8, 2);
        var map = ClusterMap.FromAssignments([0, 0, 0, 0, 1, 1, 1, 1], codebook);

        var entropy = TokenEntropy.Of([1, 1, 1, 1, 1, 1, 1, 1], map);

        Assert.Equal(1, entropy.Coarse, 9);
        Assert.Equal(2, entropy.Fine, 9);
    }

    [Fact]
    public void Of_UnusedCodewords_IgnoresThem()
    {
        using var codebook = zeros(4, 2);
        var map = ClusterMap.FromAssignments([0, 0, 1, 1], codebook);

        var entropy = TokenEntropy.Of([2, 0, 2, 0], map);

        Assert.Equal((1, 0), (entropy.Coarse, entropy.Fine));
    }
}
