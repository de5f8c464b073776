using CtfService.Core.Generation;
using CtfService.Model.Bundles;
using CtfService.Model.Memory;

namespace CtfService.Model.Loading;

/// <summary>
/// Checks that a device's memory can hold one more model. Otherwise, on the CPU the operating system would end the process, and with it the model in use; on
/// CUDA that model's steps would run out of memory.
/// </summary>
internal static class MemoryRoom
{
    /// <summary>Rejects a model that does not fit. Accepts any model if the device does not report its memory.</summary>
    /// <exception cref="OutOfDeviceMemoryException">The model takes more memory than is free.</exception>
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
            var memoryName = placement.Device.type == TorchSharp.DeviceType.CPU ? "the memory that this process may use" : "the device's memory";
            throw new OutOfDeviceMemoryException(
                $"The model takes about {needed:N0} bytes, but only {free:N0} bytes of {memoryName} are free. "
                + "Give it more memory, lower Inference:MaxBatchRows, choose a smaller Model:Dtype, "
                + "or load the model in place of the old one: set Model:Bundle and restart.");
        }
    }

    public static long BytesOf(Bundle bundle, ModelPlacement placement, int rows) => ModelMemory.Of(bundle.Manifest, placement, rows).Total;
}
