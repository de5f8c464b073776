using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.Clusters;
using CtfService.Model.Cpu;
using CtfService.Model.Cpu.Passes;
using CtfService.Model.Cpu.Threads;
using CtfService.Model.Cpu.Weights;
using CtfService.Model.Engines;
using CtfService.Model.Layers;
using CtfService.Model.Memory;
using CtfService.Model.Stages;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Loading;

/// <summary>The parts of a bundle on one device. Owns them.</summary>
/// <param name="Fine">Null for a plain LlamaGen model.</param>
internal sealed record LoadedModel(
    ModelDescription Description, VqTokenizer Tokenizer, ClusterMap Clusters, ICoarseStage Coarse, IFineEngine? Fine, IVqDecoder VqDecoder, Device Device) : IDisposable
{
    /// <summary>Rows of one fine pass; more gain nothing, as one image's positions fill a product already.</summary>
    internal const int FineRows = 8;

    private OwnedParts? _owned;

    /// <param name="rows">Rows of a decode step; fewer where the memory does not hold their keys and values.</param>
    /// <exception cref="CheckpointException">The bundle is damaged or files do not fit its architecture; every problem of every file is named.</exception>
    /// <param name="besideAnother">True if another model keeps serving, which must not run short of memory.</param>
    /// <param name="memory">The device's; asked and used through it.</param>
    /// <param name="cancellation">Looked at for each megabyte of a file that is checked, and before each tensor.</param>
    /// <exception cref="OutOfDeviceMemoryException">There is not even room for two rows, or for the model beside another.</exception>
    public static LoadedModel Load(
        string bundleDirectory,
        ModelPlacement placement,
        int rows,
        bool besideAnother = false,
        DeviceMemory? memory = null,
        CancellationToken cancellation = default)
    {
        using var frozen = no_grad();
        using var weights = BundleReader.OpenWeights(bundleDirectory, cancellation);
        var bundle = weights.Bundle;
        var manifest = bundle.Manifest;
        var tokenizerConfig = manifest.Tokenizer with { TracksUsage = false };
        RequireFit(weights, tokenizerConfig);

        memory ??= new DeviceMemory(placement.Device);
        rows = RowBudget.Limit(manifest.Coarse, rows, placement, memory);
        if (besideAnother)
        {
            MemoryRoom.Require(bundle, placement, rows, memory);
        }

        var owned = new OwnedParts(cancellation);
        try
        {
            var tokenizer = owned.Add(Load(weights.Tokenizer, () => new VqTokenizer(tokenizerConfig), float32, placement.Device, cancellation));
            var clusters = LoadClusters(weights, tokenizer);
            var loaded = placement.CpuFormat is { } format
                ? OnVectorUnits(weights, tokenizer, clusters, rows, format, owned)
                : OnTorch(weights, tokenizer, clusters, rows, placement, memory, owned);
            var arithmetic = placement.CpuFormat is null ? Arithmetic.OfLibtorch : Arithmetic.OfOwnEngine(loaded.Fine);
            weights.RequireUnchanged();
            return loaded with { Description = placement.Complete(loaded.Description) with { Arithmetic = arithmetic }, _owned = owned };
        }
        catch
        {
            owned.Dispose(); // a service goes on with the model it has
            throw;
        }
    }

    public void Dispose() => _owned?.Dispose();

    /// <summary>Our own engine: weights go from the file into their packed form.</summary>
    private static LoadedModel OnVectorUnits(
        BundleWeights weights, VqTokenizer tokenizer, ClusterMap clusters, int rows, WeightFormat format, OwnedParts owned)
    {
        var manifest = weights.Bundle.Manifest;
        var team = owned.Add(new ThreadTeam());
        var engine = owned.Add(new SimdDecodeEngine(manifest.Coarse, WeightSource.Of(weights.Coarse, owned.Cancellation), team, new CpuEngineOptions(rows, format)));
        return new LoadedModel(
            weights.Bundle.Describe(),
            tokenizer,
            clusters,
            owned.Add(new HostCoarseStage(engine)),
            weights.Fine is { } fine ? FineOnVectorUnits(fine, manifest.Fine!, clusters, format, team, owned) : null,
            owned.Add(new SimdVqDecoder(
                manifest.Tokenizer, WeightSource.Of(tokenizer), (manifest.Coarse.GridHeight, manifest.Coarse.GridWidth), team)),
            CPU);
    }

    private static IFineEngine FineOnVectorUnits(
        SafetensorsFile weights, TransformerConfig config, ClusterMap clusters, WeightFormat format, ThreadTeam team, OwnedParts owned)
    {
        IFineEngine own = owned.Add(new SimdFineEngine(
            config, WeightSource.Of(weights, owned.Cancellation), clusters, team, new CpuEngineOptions(FineRows, format)));
        if (format != WeightFormat.BFloat16)
        {
            return own;
        }

        var module = owned.Add(Load(weights, () => new ClassConditionalTransformer(config), bfloat16, CPU, owned.Cancellation));
        var chosen = FineEngineChoice.Choose(own, owned.Add(new TorchFineEngine(module, clusters, CPU, FineRows)));
        if (chosen == own)
        {
            module.Dispose(); // at once: it is as large as the model
        }

        return chosen;
    }

    private static LoadedModel OnTorch(
        BundleWeights weights, VqTokenizer tokenizer, ClusterMap clusters, int rows, ModelPlacement placement, DeviceMemory memory, OwnedParts owned)
    {
        var (manifest, device) = (weights.Bundle.Manifest, placement.Device);
        ClassConditionalTransformer Transformer(SafetensorsFile file, TransformerConfig config) =>
            owned.Add(Load(file, () => new ClassConditionalTransformer(config), placement.TorchType, device, owned.Cancellation));

        var coarse = Transformer(weights.Coarse, manifest.Coarse);
        var fine = weights.Fine is { } file ? Transformer(file, manifest.Fine!) : null;
        return new LoadedModel(
            weights.Bundle.Describe(),
            tokenizer,
            clusters,
            owned.Add(new TorchCoarseStage(coarse, memory, rows)),
            fine is null ? null : owned.Add(new TorchFineEngine(fine, clusters, device, FineRows)),
            owned.Add(new TorchVqDecoder(tokenizer, manifest.Coarse.GridHeight, manifest.Coarse.GridWidth, device)),
            device);
    }

    private static ClusterMap LoadClusters(BundleWeights weights, VqTokenizer tokenizer)
    {
        using var scope = NewDisposeScope();
        var clusters = weights.ClusterMap is { } file ? ClusterMapFile.Load(file) : ClusterMap.Identity(tokenizer.Quantizer.Codewords().cpu());
        RequireMapFits(weights.Bundle, clusters);
        return clusters;
    }

    /// <summary>Compares every file with its architecture before anything is allocated.</summary>
    private static void RequireFit(BundleWeights weights, TokenizerConfig tokenizer)
    {
        var manifest = weights.Bundle.Manifest;
        var problems = new List<string?>
        {
            Problems(weights.Tokenizer, () => new VqTokenizer(tokenizer)),
            Problems(weights.Coarse, () => new ClassConditionalTransformer(manifest.Coarse)),
            weights.Fine is { } fine ? Problems(fine, () => new ClassConditionalTransformer(manifest.Fine!)) : null,
        };
        if (problems.OfType<string>().ToList() is { Count: > 0 } found)
        {
            throw new CheckpointException(string.Join(Environment.NewLine, found));
        }
    }

    private static string? Problems(SafetensorsFile weights, Func<nn.Module> build)
    {
        using var outline = new FreshWeights(device: META);
        using var module = FreshWeights.Build(build);
        return StateDictLoader.Problems(module, weights);
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
    private static TModule Load<TModule>(SafetensorsFile weights, Func<TModule> build, ScalarType dtype, Device device, CancellationToken cancellation)
        where TModule : nn.Module
    {
        using var fresh = new FreshWeights(dtype, device, initialise: false);
        var module = FreshWeights.Build(build);
        try
        {
            StateDictLoader.Load(module, weights, cancellation: cancellation);
            module.eval();
            return module;
        }
        catch
        {
            module.Dispose();
            throw;
        }
    }
}
