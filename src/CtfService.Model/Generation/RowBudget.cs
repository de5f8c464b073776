using CtfService.Core.Generation;
using CtfService.Model.Transformer;

namespace CtfService.Model.Generation;

/// <summary>How many rows of a decode step the memory can hold, from the model's shapes.</summary>
internal static class RowBudget
{
    /// <summary>One image with guidance.</summary>
    private const int LeastRows = 2;

    /// <summary>Share of the memory that keys and values may take; the rest is for weights, activations and everybody else.</summary>
    private const double CacheShare = 0.5;

    /// <summary>Bytes of keys and values of one row: both, in every layer, for the class and every cell.</summary>
    public static long BytesPerRow(TransformerConfig config, int elementBytes) => 2L * config.Layers * (1 + config.Positions) * config.Width * elementBytes;

    /// <summary>Of a key's or value's element.</summary>
    public static int ElementBytes(ModelPlacement placement) => placement.Dtype == ModelDtype.Float32 ? sizeof(float) : sizeof(ushort);

    /// <summary>The rows asked for, or as many as fit. CUDA's memory cannot be asked for through TorchSharp: there the setting counts.</summary>
    /// <exception cref="OutOfDeviceMemoryException">Not even one guided image fits.</exception>
    public static int Limit(TransformerConfig config, int rows, ModelPlacement placement)
    {
        if (placement.Device.type != TorchSharp.DeviceType.CPU)
        {
            return rows;
        }

        var perRow = BytesPerRow(config, ElementBytes(placement));
        var budget = (long)(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes * CacheShare);
        var fitting = Math.Min(rows, budget / perRow);
        return fitting >= LeastRows
            ? (int)fitting
            : throw new OutOfDeviceMemoryException(
                $"Keys and values of one image take {LeastRows * perRow:N0} bytes, half of this machine's memory is {budget:N0}. Use a smaller model, or Model:Dtype bfloat16.");
    }
}
