using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.Clusters;
using CtfService.Model.Layers;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Loading;

/// <summary>Compares a bundle's files with the architecture in its manifest. Allocates no weights.</summary>
internal static class ArchitectureCheck
{
    /// <exception cref="CheckpointException">Names or shapes of tensors differ. The message lists every problem of every file.</exception>
    public static void Require(BundleWeights weights)
    {
        var manifest = weights.Bundle.Manifest;
        var problems = new List<string?>
        {
            Problems(weights.Tokenizer, () => new VqTokenizer(TokenizerOf(weights.Bundle))),
            Problems(weights.Coarse, () => new ClassConditionalTransformer(manifest.Coarse)),
            weights.Fine is { } fine ? Problems(fine, () => new ClassConditionalTransformer(manifest.Fine!)) : null,
            weights.UsualLabels is { } usual ? Problem(usual, manifest.Coarse) : null,
        };
        if (problems.OfType<string>().ToList() is { Count: > 0 } found)
        {
            throw new CheckpointException(string.Join(Environment.NewLine, found));
        }
    }

    /// <summary>The tokenizer as it serves: without the usage history that only training needs.</summary>
    public static TokenizerConfig TokenizerOf(Bundle bundle) => bundle.Manifest.Tokenizer with { TracksUsage = false };

    /// <exception cref="CheckpointException">The map's sizes differ from the manifest's.</exception>
    public static void RequireMapFits(Bundle bundle, ClusterMap map)
    {
        var manifest = bundle.Manifest;
        if (map.CodebookSize != manifest.Tokenizer.CodebookSize
            || map.ClusterCount != manifest.ClusterCount
            || map.CodewordWidth != manifest.Tokenizer.CodewordWidth)
        {
            throw new CheckpointException(
                $"{bundle.ClusterMapPath}: maps {map.CodebookSize} codewords of {map.CodewordWidth} dimensions to {map.ClusterCount} clusters, "
                + $"the manifest says {manifest.Tokenizer.CodebookSize}, {manifest.Tokenizer.CodewordWidth} and {manifest.ClusterCount}.");
        }
    }

    private static string? Problem(SafetensorsFile usualLabels, TransformerConfig coarse)
    {
        try
        {
            UsualLabelsFile.Load(usualLabels, coarse);
            return null;
        }
        catch (CheckpointException error)
        {
            return error.Message;
        }
    }

    private static string? Problems(SafetensorsFile weights, Func<nn.Module> build)
    {
        using var outline = new ParameterScope(device: META);
        using var module = ParameterScope.Build(build);
        return StateDictLoader.Problems(module, weights);
    }
}
