using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.Clusters;
using CtfService.Model.Layers;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Generation;

/// <summary>The parts of a bundle as modules on one device, in evaluation mode. Owns them.</summary>
/// <param name="Fine">Null for a plain LlamaGen model.</param>
internal sealed record LoadedModel(
    ModelDescription Description, VqTokenizer Tokenizer, ClusterMap Clusters, ClassConditionalTransformer Coarse, ClassConditionalTransformer? Fine, Device Device)
    : IDisposable
{
    /// <exception cref="CheckpointException">The bundle is damaged or files do not fit its architecture; every misfit of every file is named.</exception>
    public static LoadedModel Load(string bundleDirectory, ModelPlacement placement)
    {
        using var frozen = no_grad();
        var bundle = BundleReader.Open(bundleDirectory);
        var manifest = bundle.Manifest;
        var (device, dtype) = placement;
        var tokenizerConfig = manifest.Tokenizer with { TracksUsage = false };
        RequireFit(bundle.TokenizerPath, () => new VqTokenizer(tokenizerConfig), bundle.CoarsePath, manifest.Coarse, bundle.FinePath, manifest.Fine);

        var tokenizer = Load(bundle.TokenizerPath, () => new VqTokenizer(tokenizerConfig), float32, device);
        var clusters = bundle.ClusterMapPath is { } path ? ClusterMap.Load(path) : ClusterMap.Identity(tokenizer.Quantizer.Codewords().cpu());
        RequireMapFits(bundle, clusters);
        var coarse = Load(bundle.CoarsePath, () => new ClassConditionalTransformer(manifest.Coarse), dtype, device);
        var fine = manifest.Fine is null ? null : Load(bundle.FinePath!, () => new ClassConditionalTransformer(manifest.Fine), dtype, device);
        return new LoadedModel(bundle.Describe(), tokenizer, clusters, coarse, fine, device);
    }

    public void Dispose()
    {
        Tokenizer.Dispose();
        Coarse.Dispose();
        Fine?.Dispose();
    }

    /// <summary>Compares every file with its architecture before anything is allocated.</summary>
    private static void RequireFit(
        string tokenizerPath, Func<nn.Module> tokenizer, string coarsePath, TransformerConfig coarse, string? finePath, TransformerConfig? fine)
    {
        var misfits = new List<string?> { Misfit(tokenizerPath, tokenizer), Misfit(coarsePath, () => new ClassConditionalTransformer(coarse)) };
        if (fine is not null)
        {
            misfits.Add(Misfit(finePath!, () => new ClassConditionalTransformer(fine)));
        }

        if (misfits.OfType<string>().ToList() is { Count: > 0 } found)
        {
            throw new CheckpointException(string.Join(Environment.NewLine, found));
        }
    }

    private static string? Misfit(string path, Func<nn.Module> build)
    {
        using var weights = SafetensorsFile.Open(path);
        using var outline = new FreshWeights(device: META);
        using var module = build();
        return StateDictLoader.Misfit(module, weights);
    }

    private static void RequireMapFits(Bundle bundle, ClusterMap map)
    {
        var manifest = bundle.Manifest;
        if (map.CodebookSize != manifest.Tokenizer.CodebookSize || map.ClusterCount != manifest.ClusterCount || map.CodewordWidth != manifest.Tokenizer.CodewordWidth)
        {
            throw new CheckpointException(
                $"{bundle.ClusterMapPath}: maps {map.CodebookSize} codewords of {map.CodewordWidth} dimensions to {map.ClusterCount} clusters, "
                + $"the manifest says {manifest.Tokenizer.CodebookSize}, {manifest.Tokenizer.CodewordWidth} and {manifest.ClusterCount}.");
        }
    }

    /// <summary>Allocates the module as it will be used and reads one tensor after the other into it, so that memory never holds the weights twice.</summary>
    private static TModule Load<TModule>(string path, Func<TModule> build, ScalarType dtype, Device device)
        where TModule : nn.Module
    {
        using var weights = SafetensorsFile.Open(path);
        using var fresh = new FreshWeights(dtype, device, initialise: false);
        var module = build();
        StateDictLoader.Load(module, weights);
        module.eval();
        return module;
    }
}
