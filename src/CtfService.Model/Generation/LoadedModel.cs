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
    /// <exception cref="CheckpointException">The bundle is damaged or a file does not fit its architecture.</exception>
    public static LoadedModel Load(string bundleDirectory, Device device)
    {
        using var frozen = no_grad();
        using var fresh = new FreshWeights(device: device, initialise: false); // the files fill every weight
        var bundle = BundleReader.Open(bundleDirectory);
        var manifest = bundle.Manifest;
        var tokenizer = Fill(new VqTokenizer(manifest.Tokenizer with { TracksUsage = false }), bundle.TokenizerPath);
        var clusters = bundle.ClusterMapPath is { } path ? ClusterMap.Load(path) : ClusterMap.Identity(tokenizer.Quantizer.Codewords().cpu());
        var coarse = Fill(new ClassConditionalTransformer(manifest.Coarse), bundle.CoarsePath);
        var fine = manifest.Fine is null ? null : Fill(new ClassConditionalTransformer(manifest.Fine), bundle.FinePath!);
        return new LoadedModel(bundle.Describe(), tokenizer, clusters, coarse, fine, device);
    }

    public void Dispose()
    {
        Tokenizer.Dispose();
        Coarse.Dispose();
        Fine?.Dispose();
    }

    private static TModule Fill<TModule>(TModule module, string path)
        where TModule : nn.Module
    {
        using var weights = SafetensorsFile.Open(path);
        StateDictLoader.Load(module, weights);
        module.eval();
        return module;
    }
}
