using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;
using CtfService.Training.Data.Files;
using static TorchSharp.torch;

namespace CtfService.Training.Parts;

/// <summary>
/// Tells tokenizers apart by what decides their tokens: encoder and codebook. Tokenizers with another decoder (refined, blended) are the same here, as
/// what was trained on their tokens fits them all.
/// </summary>
public static class TokenizerIdentity
{
    /// <summary>A record of training, which tokens do not depend on.</summary>
    private const string UsageHistory = "quantize.codebook_used";

    /// <returns>Such as <c>4096 codewords, 5d41402abc4b</c>.</returns>
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

/// <summary>Tells cluster maps apart by the cluster of every token.</summary>
public static class ClusterMapIdentity
{
    /// <returns>Such as <c>256 clusters, 5d41402abc4b</c>.</returns>
    public static string Of(ClusterMap map) =>
        FormattableString.Invariant($"{map.ClusterCount} clusters, {ShortHash.Of(MemoryMarshal.AsBytes(map.ClusterOfToken.AsSpan()))}");
}
