using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.Clusters;
using CtfService.Model.Coarse;
using CtfService.Model.Cpu;
using CtfService.Model.Cpu.Passes;
using CtfService.Model.Cpu.Threads;
using CtfService.Model.Cpu.Weights;
using CtfService.Model.Layers;
using CtfService.Model.Memory;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Generation;

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
    /// <param name="besideAnother">As <see cref="CtfImageGeneratorFactory.BesideAnother"/>.</param>
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
        var bundle = BundleReader.Open(bundleDirectory, cancellation);
        var manifest = bundle.Manifest;
        var tokenizerConfig = manifest.Tokenizer with { TracksUsage = false };
        RequireFit(bundle.TokenizerPath, () => new VqTokenizer(tokenizerConfig), bundle.CoarsePath, manifest.Coarse, bundle.FinePath, manifest.Fine);

        memory ??= new DeviceMemory(placement.Device);
        rows = RowBudget.Limit(manifest.Coarse, rows, placement, memory);
        if (besideAnother)
        {
            MemoryRoom.Require(bundle, placement, rows, memory);
        }

        var owned = new OwnedParts(cancellation);
        try
        {
            var tokenizer = owned.Add(Load(bundle.TokenizerPath, () => new VqTokenizer(tokenizerConfig), float32, placement.Device, cancellation));
            var clusters = LoadClusters(bundle, tokenizer);
            var loaded = placement.CpuFormat is { } format
                ? OnVectorUnits(bundle, tokenizer, clusters, rows, format, owned)
                : OnTorch(bundle, tokenizer, clusters, rows, placement, memory, owned);
            var arithmetic = placement.CpuFormat is null ? Arithmetic.OfLibtorch : Arithmetic.OfOwnEngine(loaded.Fine);
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
    private static LoadedModel OnVectorUnits(Bundle bundle, VqTokenizer tokenizer, ClusterMap clusters, int rows, WeightFormat format, OwnedParts owned)
    {
        var manifest = bundle.Manifest;
        var team = owned.Add(new ThreadTeam());
        using var weights = SafetensorsFile.Open(bundle.TokenizerPath);
        using var coarse = SafetensorsFile.Open(bundle.CoarsePath);
        var engine = owned.Add(new SimdDecodeEngine(manifest.Coarse, WeightSource.Of(coarse, owned.Cancellation), team, new CpuEngineOptions(rows, format)));
        return new LoadedModel(
            bundle.Describe(),
            tokenizer,
            clusters,
            owned.Add(new HostCoarseStage(engine)),
            bundle.FinePath is { } path ? FineOnVectorUnits(path, manifest.Fine!, clusters, format, team, owned) : null,
            owned.Add(new SimdVqDecoder(
                manifest.Tokenizer, WeightSource.Of(weights, owned.Cancellation), (manifest.Coarse.GridHeight, manifest.Coarse.GridWidth), team)),
            CPU);
    }

    private static IFineEngine FineOnVectorUnits(string path, TransformerConfig config, ClusterMap clusters, WeightFormat format, ThreadTeam team, OwnedParts owned)
    {
        using var weights = SafetensorsFile.Open(path);
        IFineEngine own = owned.Add(new SimdFineEngine(
            config, WeightSource.Of(weights, owned.Cancellation), clusters, team, new CpuEngineOptions(FineRows, format)));
        if (format != WeightFormat.BFloat16)
        {
            return own;
        }

        var module = owned.Add(Load(path, () => new ClassConditionalTransformer(config), bfloat16, CPU, owned.Cancellation));
        var chosen = FineEngineChoice.Choose(own, owned.Add(new TorchFineEngine(module, clusters, CPU, FineRows)));
        if (chosen == own)
        {
            module.Dispose(); // at once: it is as large as the model
        }

        return chosen;
    }

    private static LoadedModel OnTorch(
        Bundle bundle, VqTokenizer tokenizer, ClusterMap clusters, int rows, ModelPlacement placement, DeviceMemory memory, OwnedParts owned)
    {
        var (manifest, device) = (bundle.Manifest, placement.Device);
        ClassConditionalTransformer Transformer(string path, TransformerConfig config) =>
            owned.Add(Load(path, () => new ClassConditionalTransformer(config), placement.TorchType, device, owned.Cancellation));

        var coarse = Transformer(bundle.CoarsePath, manifest.Coarse);
        var fine = bundle.FinePath is { } path ? Transformer(path, manifest.Fine!) : null;
        return new LoadedModel(
            bundle.Describe(),
            tokenizer,
            clusters,
            owned.Add(new TorchCoarseStage(coarse, memory, rows)),
            fine is null ? null : owned.Add(new TorchFineEngine(fine, clusters, device, FineRows)),
            owned.Add(new TorchVqDecoder(tokenizer, manifest.Coarse.GridHeight, manifest.Coarse.GridWidth, device)),
            device);
    }

    private static ClusterMap LoadClusters(Bundle bundle, VqTokenizer tokenizer)
    {
        using var scope = NewDisposeScope();
        var clusters = bundle.ClusterMapPath is { } path ? ClusterMap.Load(path) : ClusterMap.Identity(tokenizer.Quantizer.Codewords().cpu());
        RequireMapFits(bundle, clusters);
        return clusters;
    }

    /// <summary>Compares every file with its architecture before anything is allocated.</summary>
    private static void RequireFit(
        string tokenizerPath, Func<nn.Module> tokenizer, string coarsePath, TransformerConfig coarse, string? finePath, TransformerConfig? fine)
    {
        var problems = new List<string?> { Problems(tokenizerPath, tokenizer), Problems(coarsePath, () => new ClassConditionalTransformer(coarse)) };
        if (fine is not null)
        {
            problems.Add(Problems(finePath!, () => new ClassConditionalTransformer(fine)));
        }

        if (problems.OfType<string>().ToList() is { Count: > 0 } found)
        {
            throw new CheckpointException(string.Join(Environment.NewLine, found));
        }
    }

    private static string? Problems(string path, Func<nn.Module> build)
    {
        using var weights = SafetensorsFile.Open(path);
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
    private static TModule Load<TModule>(string path, Func<TModule> build, ScalarType dtype, Device device, CancellationToken cancellation)
        where TModule : nn.Module
    {
        using var weights = SafetensorsFile.Open(path);
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
