using CtfService.Core.Generation;
using CtfService.Model.Memory;
using CtfService.Model.Transformer;

namespace CtfService.Model.Loading;

/// <summary>Computes from a model's shapes how many rows of a decode step the memory can hold.</summary>
internal static class RowBudget
{
    /// <summary>The rows of one image with guidance.</summary>
    public const int LeastRows = 2;

    /// <summary>The share of the memory that keys and values may take; the rest is for weights, activations and other programs.</summary>
    private const double CacheShare = 0.5;

    /// <summary>Returns the bytes of one row's keys and values in all layers, for the class and every cell.</summary>
    public static long BytesPerRow(TransformerConfig config, int elementBytes) => 2L * config.Layers * (1 + config.Positions) * config.Width * elementBytes;

    /// <summary>Returns the bytes of one element of a key or value.</summary>
    public static int ElementBytes(ModelPlacement placement) => placement.Dtype == ModelDtype.Float32 ? sizeof(float) : sizeof(ushort);

    /// <summary>
    /// Returns the requested rows, or fewer if they do not fit: into half of this process's memory on the CPU, which the copies of the model share, or into
    /// half of the free memory on a CUDA device. If the device does not report its memory, returns the requested rows.
    /// </summary>
    /// <exception cref="OutOfDeviceMemoryException">One guided image does not fit.</exception>
    public static int Limit(TransformerConfig config, int rows, ModelPlacement placement, DeviceMemory memory)
    {
        if (memory.Read() is not { } state)
        {
            return rows;
        }

        var perRow = BytesPerRow(config, ElementBytes(placement));
        var budget = (long)((memory.IsCpu ? state.Total : state.Free) * CacheShare / placement.Copies);
        var fitting = Math.Min(rows, budget / perRow);
        return fitting >= LeastRows
            ? (int)fitting
            : throw new OutOfDeviceMemoryException(
                $"Keys and values of one image take {LeastRows * perRow:N0} bytes, but "
                + $"half of {(memory.IsCpu ? "this machine's memory" : "the device's free memory")} is {budget:N0}. "
                + "Use a smaller model, or Model:Dtype bfloat16, or free memory on the device.");
    }
}
