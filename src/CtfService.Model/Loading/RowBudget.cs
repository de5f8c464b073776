using CtfService.Core.Generation;
using CtfService.Model.Memory;
using CtfService.Model.Transformer;

namespace CtfService.Model.Loading;

/// <summary>How many rows of a decode step the memory can hold, from the model's shapes.</summary>
internal static class RowBudget
{
    /// <summary>One image with guidance.</summary>
    private const int LeastRows = 2;

    /// <summary>Share of the memory that keys and values may take; the rest is for weights, activations and other programs.</summary>
    private const double CacheShare = 0.5;

    /// <summary>Bytes of keys and values of one row: both, in every layer, for the class and every cell.</summary>
    public static long BytesPerRow(TransformerConfig config, int elementBytes) => 2L * config.Layers * (1 + config.Positions) * config.Width * elementBytes;

    /// <summary>Of a key's or value's element.</summary>
    public static int ElementBytes(ModelPlacement placement) => placement.Dtype == ModelDtype.Float32 ? sizeof(float) : sizeof(ushort);

    /// <summary>
    /// The rows asked for, or as many as fit: into half of the memory of this process on the CPU, into half of what is free on a CUDA device, which is shared.
    /// If the device does not tell its memory, the setting counts.
    /// </summary>
    /// <exception cref="OutOfDeviceMemoryException">Not even one guided image fits.</exception>
    public static int Limit(TransformerConfig config, int rows, ModelPlacement placement, DeviceMemory memory)
    {
        if (memory.Read() is not { } state)
        {
            return rows;
        }

        var perRow = BytesPerRow(config, ElementBytes(placement));
        var budget = (long)((memory.IsCpu ? state.Total : state.Free) * CacheShare);
        var fitting = Math.Min(rows, budget / perRow);
        return fitting >= LeastRows
            ? (int)fitting
            : throw new OutOfDeviceMemoryException(
                $"Keys and values of one image take {LeastRows * perRow:N0} bytes, "
                + $"half of {(memory.IsCpu ? "this machine's memory" : "the device's free memory")} is {budget:N0}. "
                + "Use a smaller model, or Model:Dtype bfloat16, or free memory on the device.");
    }
}
