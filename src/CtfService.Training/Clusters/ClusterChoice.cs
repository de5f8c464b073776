using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;
using static TorchSharp.torch;

namespace CtfService.Training.Clusters;

/// <summary>
/// Chooses the number of clusters before any transformer is trained: the smallest power of two at which replacing every token by a random member of its
/// cluster changes images no more than the tokenizer itself does. With fewer clusters, visible detail is left to the fine stage, which samples all positions
/// independently; with more, the coarse stage spends its steps on invisible differences.
/// </summary>
public static class ClusterChoice
{
    /// <summary>Smallest number of clusters that is tried.</summary>
    public const int MinClusters = 8;

    /// <param name="tried">Receives the result of each number of clusters that is tried.</param>
    /// <returns>The cluster map with the chosen number of clusters.</returns>
    public static ClusterMap Choose(
        VqTokenizer tokenizer, SwapStudy study, ulong seed, Action<SwapResult>? tried = null, CancellationToken cancellation = default)
    {
        using var scope = NewDisposeScope();
        var codewords = tokenizer.Quantizer.Codewords().detach();
        var (low, high) = (MinClusters, LargestPowerBelow(tokenizer.Config.CodebookSize)); // high is chosen if no smaller number suffices
        ClusterMap? chosen = null;
        while (low < high)
        {
            cancellation.ThrowIfCancellationRequested();
            var middle = Middle(low, high);
            var map = ClusterMap.Compute(codewords, middle, seed);
            var result = study.Measure(map, seed);
            tried?.Invoke(result);
            if (result.SquaredError <= study.ReconstructionError)
            {
                (high, chosen) = (middle, map);
            }
            else
            {
                low = middle * 2;
            }
        }

        return chosen ?? ClusterMap.Compute(codewords, high, seed);
    }

    /// <summary>
    /// Returns the power of two halfway between two others, rounded down. The error falls as the number of clusters rises, so a binary search finds the
    /// smallest.
    /// </summary>
    private static int Middle(int low, int high) => low << (int.Log2(high / low) / 2);

    private static int LargestPowerBelow(int codebookSize) => Math.Min(codebookSize, Math.Max(MinClusters, 1 << int.Log2(Math.Max(codebookSize - 1, 1))));
}
