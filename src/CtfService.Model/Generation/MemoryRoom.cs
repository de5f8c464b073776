using CtfService.Core.Generation;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;

namespace CtfService.Model.Generation;

/// <summary>
/// Whether the machine's memory has room for one more model. Where it has not, the operating system would end the process, and with it the model that serves. CUDA
/// reports a full device as an error instead, and cannot be asked beforehand through TorchSharp.
/// </summary>
internal static class MemoryRoom
{
    /// <summary>The tokenizer's weights are there twice: as a module, which encodes, and packed for the decoder.</summary>
    private const int TokenizerBytesPerWeight = 2 * sizeof(float);

    /// <exception cref="OutOfDeviceMemoryException">There is less free than the model takes.</exception>
    public static void Require(Bundle bundle, ModelPlacement placement, int rows, long free)
    {
        var needed = BytesOf(bundle, placement, rows);
        if (needed > free)
        {
            throw new OutOfDeviceMemoryException(
                $"The model takes about {needed:N0} bytes, and of the memory that this process may use {free:N0} are free. "
                + "Give it more memory, lower Inference:MaxBatchRows, choose a smaller Model:Dtype, or load the model in place of the old one: set Model:Bundle and restart.");
        }
    }

    /// <summary>Weights as they will lie in memory, and keys and values of every row.</summary>
    public static long BytesOf(Bundle bundle, ModelPlacement placement, int rows)
    {
        var bytesPerWeight = placement.Dtype switch
        {
            ModelDtype.Float32 => sizeof(float),
            ModelDtype.Int8 => sizeof(sbyte),
            _ => sizeof(ushort),
        };
        var fineCopies = placement.Dtype == ModelDtype.BFloat16 ? 2 : 1; // two engines for a moment, of which the faster one stays
        return (TokenizerBytesPerWeight * WeightsIn(bundle.TokenizerPath))
            + (bytesPerWeight * WeightsIn(bundle.CoarsePath))
            + (bundle.FinePath is { } fine ? fineCopies * bytesPerWeight * WeightsIn(fine) : 0)
            + (rows * RowBudget.BytesPerRow(bundle.Manifest.Coarse, RowBudget.ElementBytes(placement)));
    }

    /// <summary>What the process, or its container, may still take; counted low in a container, of whose limit .NET takes three quarters for the whole.</summary>
    public static long Free()
    {
        GC.Collect(generation: 0); // a collection looks at the memory anew
        var memory = GC.GetGCMemoryInfo(GCKind.Any);
        return memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes;
    }

    private static long WeightsIn(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return file.Entries.Sum(entry => entry.Shape.Aggregate(1L, (product, side) => product * side));
    }
}
