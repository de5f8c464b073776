using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;
using CtfService.Training.Data.Formats;
using static TorchSharp.torch;

namespace CtfService.Training.Parts;

/// <summary>
/// Identifies a tokenizer by what determines its tokens: encoder and codebook. Tokenizers that differ only in the decoder (refined, blended) have the same
/// identity, because models trained on their tokens work with all of them.
/// </summary>
public static class TokenizerIdentity
{
    /// <summary>State of the training that tokens do not depend on.</summary>
    private const string UsageHistory = "quantize.codebook_used";

    /// <returns>A text such as <c>4096 codewords, 5d41402abc4b</c>.</returns>
    public static string Of(VqTokenizer tokenizer)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var decoder = tokenizer.DecoderParameters.ToHashSet<Tensor>(ReferenceEqualityComparer.Instance);
        foreach (var (name, weight) in tokenizer.state_dict().OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            if (name != UsageHistory && !decoder.Contains(weight))
            {
                hash.AppendData(Encoding.UTF8.GetBytes($"{name} [{string.Join(", ", weight.shape)}]\n"));
                hash.AppendData(weight.detach().cpu().contiguous().bytes);
            }
        }

        return FormattableString.Invariant($"{tokenizer.Config.CodebookSize} codewords, {ShortHash.Of(hash)}");
    }
}

/// <summary>Identifies a cluster map by the cluster of every token.</summary>
public static class ClusterMapIdentity
{
    /// <returns>A text such as <c>256 clusters, 5d41402abc4b</c>.</returns>
    public static string Of(ClusterMap map) =>
        FormattableString.Invariant($"{map.ClusterCount} clusters, {ShortHash.Of(MemoryMarshal.AsBytes(map.ClusterOfToken.AsSpan()))}");
}
