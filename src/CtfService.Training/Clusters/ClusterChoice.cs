using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;
using static TorchSharp.torch;

namespace CtfService.Training.Clusters;

/// <summary>
/// Chooses the number of clusters before any transformer is trained: the fewest (as a power of two) at which a random choice within every cluster changes
/// images no more than the tokenizer itself does. With fewer, the fine stage, which draws all positions independently, would have to get right what one can
/// see; with more, the coarse stage spends its steps on differences that nobody sees.
/// </summary>
public static class ClusterChoice
{
    /// <summary>Fewest clusters that are tried.</summary>
    public const int Fewest = 8;

    /// <param name="tried">Told of each count that was looked at.</param>
    /// <returns>The map of the count that was chosen.</returns>
    public static ClusterMap Choose(
        VqTokenizer tokenizer, SwapStudy study, ulong seed, Action<SwapResult>? tried = null, CancellationToken cancellation = default)
    {
        using var scope = NewDisposeScope();
        var codewords = tokenizer.Quantizer.Codewords().detach();
        var (low, high) = (Fewest, LargestPowerBelow(tokenizer.Config.CodebookSize)); // high is taken where nothing below it will do
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
    /// The power of two halfway between two others, the lower where there are two; the error falls as clusters become more, so halving finds the place.
    /// </summary>
    private static int Middle(int low, int high) => low << (int.Log2(high / low) / 2);

    private static int LargestPowerBelow(int codebookSize) => Math.Min(codebookSize, Math.Max(Fewest, 1 << int.Log2(Math.Max(codebookSize - 1, 1))));
}
