using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.Clusters;
using CtfService.Model.Engines;
using CtfService.Model.Memory;
using CtfService.Model.Stages;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;

namespace CtfService.Model.Loading;

/// <summary>Builds stages and engines over libtorch modules, on any device.</summary>
internal sealed class TorchEngineBuilder(BundleWeights weights, ModelPlacement placement, DeviceMemory memory, OwnedParts owned) : IEngineBuilder
{
    private readonly BundleManifest _manifest = weights.Bundle.Manifest;
    private int _window = 1;

    /// <inheritdoc/>
    public ICoarseStage BuildCoarseStage(int rows)
    {
        var transformer = Transformer(weights.Coarse, _manifest.Coarse);
        _window = TorchWindow.Choose(transformer, placement, memory, rows);
        var drafts = weights.UsualLabels is { } file ? new TableDrafts(UsualLabelsFile.Load(file, _manifest.Coarse)) : null;
        return owned.Add(new TorchCoarseStage(transformer, memory, rows, _window, drafts));
    }

    /// <inheritdoc/>
    public IFineEngine? BuildFineEngine(ClusterMap clusters) => weights.Fine is { } file
        ? owned.Add(new TorchFineEngine(Transformer(file, _manifest.Fine!), clusters, placement.Device, FineStage.MaxRows))
        : null;

    /// <inheritdoc/>
    public IVqDecoder BuildVqDecoder(VqTokenizer tokenizer) =>
        owned.Add(new TorchVqDecoder(tokenizer, _manifest.Coarse.GridHeight, _manifest.Coarse.GridWidth, placement.Device));

    /// <inheritdoc/>
    public int? Window => _window > 1 ? _window : null;

    /// <inheritdoc/>
    public string ArithmeticOf(IFineEngine? fine) => Arithmetic.OfTorch(_window);

    private ClassConditionalTransformer Transformer(SafetensorsFile file, TransformerConfig config) => owned.Add(ModuleLoader.Load(
        file, () => new ClassConditionalTransformer(config), placement.TorchType, placement.Device, owned.Cancellation));
}
