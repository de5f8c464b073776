using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;
using static TorchSharp.torch;

namespace CtfService.Training.Parts;

/// <summary>
/// Whether a cluster map groups the codewords of a tokenizer: by its record, or, without one, by its centroids, which are means of the codewords.
/// </summary>
internal static class ClusterMapValidator
{
    /// <summary>Processors round differently; another codebook is farther away by orders.</summary>
    private const float Tolerance = 1e-3f;

    /// <summary>Returns null if it does.</summary>
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
