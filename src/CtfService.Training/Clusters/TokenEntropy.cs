using CtfService.Model.Clusters;

namespace CtfService.Training.Clusters;

/// <summary>
/// How a cluster map splits the entropy of a single token between the coarse and the fine stage: H(t) = H(c) + H(t|c).
/// </summary>
/// <param name="Coarse">H(c), bits.</param>
/// <param name="Fine">H(t|c), bits.</param>
public sealed record TokenEntropy(double Coarse, double Fine)
{
    /// <param name="tokens">Tokens of all training images; their frequencies estimate the probabilities.</param>
    public static TokenEntropy Of(IReadOnlyList<long> tokens, ClusterMap map)
    {
        var ofTokens = new int[map.CodebookSize];
        var ofClusters = new int[map.ClusterCount];
        foreach (var token in tokens)
        {
            ofTokens[token]++;
            ofClusters[map.ClusterOf((int)token)]++;
        }

        var coarse = Bits(ofClusters, tokens.Count);
        return new TokenEntropy(coarse, Bits(ofTokens, tokens.Count) - coarse);
    }

    private static double Bits(int[] counts, double total) => -counts.Where(count => count > 0).Sum(count => count / total * Math.Log2(count / total));
}
