using CtfService.Core.Generation;
using CtfService.Model.Bundles;
using CtfService.Model.Memory;

namespace CtfService.Model.Loading;

/// <summary>
/// Whether a device's memory has room for one more model. On the CPU the operating system would otherwise end the process, and with it the model that serves;
/// on CUDA the steps of that model would run short.
/// </summary>
internal static class MemoryRoom
{
    /// <summary>Refuses a model that does not fit; one of a device that does not tell its memory is let through.</summary>
    /// <exception cref="OutOfDeviceMemoryException">There is less free than the model takes.</exception>
    public static void Require(Bundle bundle, ModelPlacement placement, int rows, DeviceMemory memory)
    {
        if (memory.Read() is { } state)
        {
            Require(bundle, placement, rows, state.Free);
        }
    }

    /// <inheritdoc cref="Require(Bundle, ModelPlacement, int, DeviceMemory)"/>
    public static void Require(Bundle bundle, ModelPlacement placement, int rows, long free)
    {
        var needed = BytesOf(bundle, placement, rows);
        if (needed > free)
        {
            var whose = placement.Device.type == TorchSharp.DeviceType.CPU ? "the memory that this process may use" : "the device's memory";
            throw new OutOfDeviceMemoryException(
                $"The model takes about {needed:N0} bytes, and of {whose} {free:N0} are free. "
                + "Give it more memory, lower Inference:MaxBatchRows, choose a smaller Model:Dtype, or load the model in place of the old one: set Model:Bundle and restart.");
        }
    }

    public static long BytesOf(Bundle bundle, ModelPlacement placement, int rows) => ModelMemory.Of(bundle.Manifest, placement, rows).Total;
}
