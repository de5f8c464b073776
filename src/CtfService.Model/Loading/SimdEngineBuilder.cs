using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Clusters;
using CtfService.Model.Cpu;
using CtfService.Model.Cpu.MatMul;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Transformer;
using CtfService.Model.Engines;
using CtfService.Model.Stages;
using CtfService.Model.Stages.Windows;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Loading;

/// <summary>Builds our CPU engine. Weights go from the file straight into their packed form.</summary>
/// <param name="placement">A placement with a <see cref="ModelPlacement.CpuFormat"/>.</param>
internal sealed class SimdEngineBuilder(BundleWeights weights, ModelPlacement placement, OwnedParts owned) : IEngineBuilder
{
    private readonly BundleManifest _manifest = weights.Bundle.Manifest;
    private readonly WeightFormat _format = placement.CpuFormat!.Value;
    private readonly ComputeThreadPool _pool = owned.Add(new ComputeThreadPool(placement.Threads));

    /// <summary>Returns the drafts of a bundle's usual labels; null, for those of the stage itself, if it has none.</summary>
    /// <param name="slots">Slots of the stage.</param>
    internal static TableDrafts? DraftsOf(BundleWeights weights, int slots)
    {
        var coarse = weights.Bundle.Manifest.Coarse;
        return weights.UsualLabels is { } file
            ? new TableDrafts(UsualLabelsFile.Load(file, coarse), new NeighbourDrafts(coarse.GridWidth, coarse.OutputVocabulary, slots))
            : null;
    }

    /// <inheritdoc/>
    public ICoarseStage BuildCoarseStage(int rows)
    {
        var source = WeightSource.Of(weights.Coarse, owned.Cancellation);
        var engine = owned.Add(new SimdDecodeEngine(_manifest.Coarse, source, _pool, new CpuEngineOptions(rows, _format, placement.Width)));
        var costs = StepMeasurement.Measure(engine, _pool.Threads, owned.Cancellation);
        var largest = placement.MaxWindow ?? DecodeWork.LargestWindow;
        var windows = placement.Windows?.Policy ?? (largest == 1 ? null : new MeasuredWindow(costs, largest));
        var decorated = placement.DecorateEngine?.Invoke(engine) ?? engine;
        return owned.Add(new HostCoarseStage(decorated, windows, DraftsOf(weights, rows)) { Acceptance = placement.Windows?.Acceptance });
    }

    /// <summary>
    /// With bfloat16, keeps the faster of our engine and libtorch's (<see cref="FineEngineChoice"/>). Copies that share the CPU keep ours: they could measure
    /// differently and then compute differently.
    /// </summary>
    public IFineEngine? BuildFineEngine(ClusterMap clusters)
    {
        if (weights.Fine is not { } file)
        {
            return null;
        }

        var source = WeightSource.Of(file, owned.Cancellation);
        var options = new CpuEngineOptions(FineStage.MaxRows, _format, placement.Width);
        IFineEngine own = owned.Add(new SimdFineEngine(_manifest.Fine!, source, clusters, _pool, options));
        if (_format != WeightFormat.BFloat16 || placement.Copies > 1 || placement.Width is not null)
        {
            return own;
        }

        var module = owned.Add(ModuleLoader.Load(file, () => new ClassConditionalTransformer(_manifest.Fine!), bfloat16, CPU, owned.Cancellation));
        var chosen = FineEngineChoice.Choose(own, owned.Add(new TorchFineEngine(module, clusters, CPU, FineStage.MaxRows)));
        if (chosen == own)
        {
            module.Dispose(); // at once: it is as large as the model
        }

        return chosen;
    }

    /// <inheritdoc/>
    public IVqDecoder BuildVqDecoder(VqTokenizer tokenizer) => owned.Add(new SimdVqDecoder(
        _manifest.Tokenizer, WeightSource.Of(tokenizer), (_manifest.Coarse.GridHeight, _manifest.Coarse.GridWidth), _pool, width: placement.Width));

    /// <inheritdoc/>
    public int? Window => null; // a row's sums do not depend on the others

    /// <inheritdoc/>
    public string ArithmeticOf(IFineEngine? fine) => Arithmetic.OfSimd(fine);
}
