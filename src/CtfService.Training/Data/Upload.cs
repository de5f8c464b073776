using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Training.Data;

/// <summary>Copies batches from the memory of the host to a device.</summary>
internal static class Upload
{
    /// <summary>
    /// Copies a tensor. To a CUDA device it is copied from page-locked memory, which the device reads by itself while it computes earlier steps; the host does
    /// not wait. libtorch keeps that memory until the copy is done, even if the tensor is disposed.
    /// </summary>
    /// <returns>A tensor of the caller's dispose scope; that of the CPU shares its memory with <paramref name="tensor"/>.</returns>
    public static Tensor To(Tensor tensor, Device device)
    {
        if (device.type != DeviceType.CUDA)
        {
            return device.type == DeviceType.CPU ? tensor.alias() : tensor.to(device);
        }

        using var pinned = tensor.pin_memory();
        return pinned.to(device, non_blocking: true);
    }
}
