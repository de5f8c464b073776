using CtfService.Model.Clusters;

namespace CtfService.Training.Clusters;

/// <summary>
/// How a cluster map splits the entropy of a single token between the coarse and the fine stage: H(t) = H(c) + H(t|c).
/// </summary>
/// <param name="Coarse">H(c), bits.</param>
/// <param name="Fine">H(t|c), bits.</param>
public sealed record TokenEntropy(double Coarse, double Fine)
{
    /// <param name="counts">[K]: how often each token occurs in the training images; the frequencies estimate the probabilities.</param>
    public static TokenEntropy Of(IReadOnlyList<long> counts, ClusterMap map)
    {
        var ofClusters = new long[map.ClusterCount];
        for (var token = 0; token < counts.Count; token++)
        {
            ofClusters[map.ClusterOf(token)] += counts[token];
        }

        double total = counts.Sum();
        var coarse = Bits(ofClusters, total);
        return new TokenEntropy(coarse, Bits(counts, total) - coarse);
    }

    private static double Bits(IReadOnlyList<long> counts, double total) =>
        -counts.Where(count => count > 0).Sum(count => count / total * Math.Log2(count / total));
}
