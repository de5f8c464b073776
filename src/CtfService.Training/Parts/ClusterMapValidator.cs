using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;
using static TorchSharp.torch;

namespace CtfService.Training.Parts;

/// <summary>
/// Checks whether a cluster map belongs to a tokenizer: by the map's record, or, without one, by its centroids, which are means of the codewords.
/// </summary>
internal static class ClusterMapValidator
{
    /// <summary>Allows for rounding that differs between processors; the centroids of another codebook differ by orders of magnitude more.</summary>
    private const float Tolerance = 1e-3f;

    /// <summary>Returns what differs; null if the map belongs to the tokenizer.</summary>
    public static RecordDifference? Difference(PartRecord? record, ClusterMap map, VqTokenizer tokenizer)
    {
        var now = TokenizerIdentity.Of(tokenizer);
        if (record?[PartRecord.Tokenizer] is { } there)
        {
            return there == now ? null : new RecordDifference(PartRecord.Tokenizer, there, now);
        }

        return HasCentroids(map, tokenizer) ? null : new RecordDifference(PartRecord.Tokenizer, "other codewords", now);
    }

    private static bool HasCentroids(ClusterMap map, VqTokenizer tokenizer)
    {
        using var frozen = no_grad();
        using var codewords = tokenizer.Quantizer.Codewords();
        return codewords.shape[0] == map.CodebookSize
            && codewords.shape[1] == map.CodewordWidth
            && ClusterMap.FromAssignments(map.ClusterOfToken, codewords).Centroids.Zip(map.Centroids)
                .All(pair => Math.Abs(pair.First - pair.Second) <= Tolerance);
    }
}
