using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Clusters;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Memory;
using CtfService.Model.Tokenizer;
using static TorchSharp.torch;

namespace CtfService.Model.Loading;

/// <summary>Loads a bundle's parts onto a device: checks every file, reserves the rows that fit, then builds each part and reads its weights.</summary>
internal static class BundleLoader
{
    /// <param name="rows">Rows of a decode step; fewer if the memory cannot hold their keys and values.</param>
    /// <param name="alongsideAnother">True if another model keeps serving and must not run short of memory.</param>
    /// <param name="memory">The device's memory; null for that of the placement's device.</param>
    /// <param name="cancellation">Checked for each megabyte of a file that is hashed, and before each tensor.</param>
    /// <exception cref="CheckpointException">
    /// The bundle is damaged, or files do not match its architecture. The message lists every problem of every file.
    /// </exception>
    /// <exception cref="OutOfDeviceMemoryException">Memory cannot hold two rows, or the model alongside the one that serves.</exception>
    public static LoadedModel Load(
        string bundleDirectory,
        ModelPlacement placement,
        int rows,
        bool alongsideAnother = false,
        DeviceMemory? memory = null,
        CancellationToken cancellation = default)
    {
        using var frozen = no_grad();
        using var weights = BundleReader.OpenWeights(bundleDirectory, cancellation);
        ArchitectureCheck.Require(weights);

        memory ??= new DeviceMemory(placement.Device);
        var choice = placement.ChoosesDtype ? Choose(weights, placement, alongsideAnother ? memory : null, cancellation) : null;
        placement = choice is null ? placement : placement with { Dtype = choice.Dtype, ChoosesDtype = false };
        rows = RowBudget.Limit(weights.Bundle.Manifest.Coarse, rows, placement, memory);
        if (alongsideAnother)
        {
            MemoryRoom.Require(weights.Bundle, placement, rows, memory);
        }

        var owned = new OwnedParts(cancellation);
        try
        {
            var model = Build(weights, placement, rows, memory, owned);
            weights.RequireUnchanged();
            return model with { Description = model.Description with { DtypeReason = choice?.Reason } };
        }
        catch
        {
            owned.Dispose(); // a service keeps serving the model that it has
            throw;
        }
    }

    /// <summary>Chooses the element type, before it is known what fits into memory, because that depends on it.</summary>
    /// <param name="crowded">The memory that another model needs too; null if there is none.</param>
    private static DtypeChoice Choose(BundleWeights weights, ModelPlacement placement, DeviceMemory? crowded, CancellationToken cancellation)
    {
        if (crowded is not null)
        {
            MemoryRoom.Require(weights.Bundle, placement with { Dtype = ModelDtype.Int8 }, RowBudget.LeastRows, crowded); // the least of any choice
        }

        return DtypeChoice.Of(weights, cancellation);
    }

    private static LoadedModel Build(BundleWeights weights, ModelPlacement placement, int rows, DeviceMemory memory, OwnedParts owned)
    {
        var tokenizer = owned.Add(ModuleLoader.Load(
            weights.Tokenizer, () => new VqTokenizer(ArchitectureCheck.TokenizerOf(weights.Bundle)), float32, placement.Device, owned.Cancellation));
        var clusters = LoadClusters(weights, tokenizer);
        IEngineBuilder builder = placement.CpuFormat is not null
            ? new SimdEngineBuilder(weights, placement, owned)
            : new TorchEngineBuilder(weights, placement, memory, owned);
        var coarse = builder.BuildCoarseStage(rows);
        var fine = builder.BuildFineEngine(clusters);
        var decoder = builder.BuildVqDecoder(tokenizer);
        var description = placement.Complete(weights.Bundle.Describe()) with
        {
            Window = builder.Window,
            Arithmetic = builder.ArithmeticOf(fine),
            ClusterOfToken = clusters.ClusterOfToken,
            EmulatesFma = placement.CpuFormat is not null && EmulatedFma.IsNeeded,
        };
        description = description with { Expected = weights.Bundle.Manifest.Expected?.For(description) };
        return new LoadedModel(description, tokenizer, clusters, coarse, fine, decoder, placement.Device, owned);
    }

    private static ClusterMap LoadClusters(BundleWeights weights, VqTokenizer tokenizer)
    {
        using var scope = NewDisposeScope();
        var clusters = weights.ClusterMap is { } file ? ClusterMapFile.Load(file) : ClusterMap.Identity(tokenizer.Quantizer.Codewords().cpu());
        ArchitectureCheck.RequireMapFits(weights.Bundle, clusters);
        return clusters;
    }
}
