using CtfService.Core.Models;
using CtfService.Model.Clusters;
using CtfService.Model.Engines;
using CtfService.Model.Stages;
using CtfService.Model.Tokenizer;
using static TorchSharp.torch;

namespace CtfService.Model.Loading;

/// <summary>The parts of one model on one device. Created by <see cref="BundleLoader"/>.</summary>
/// <param name="Fine">Null for a plain LlamaGen model.</param>
/// <param name="Owned">The parts to free with the model.</param>
internal sealed record LoadedModel(
    ModelDescription Description,
    VqTokenizer Tokenizer,
    ClusterMap Clusters,
    ICoarseStage Coarse,
    IFineEngine? Fine,
    IVqDecoder VqDecoder,
    Device Device,
    OwnedParts Owned) : IDisposable
{
    public void Dispose() => Owned.Dispose();
}
