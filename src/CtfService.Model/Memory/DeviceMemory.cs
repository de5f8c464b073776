using static TorchSharp.torch;

namespace CtfService.Model.Memory;

/// <summary>
/// The memory of a device: its size, allocations, and copies to and from it, which can fail if it is full. Tests derive classes that fail or have little
/// memory.
/// </summary>
internal class DeviceMemory(Device device)
{
    public Device Device => device;

    public bool IsCpu => device.type == TorchSharp.DeviceType.CPU;

    /// <summary>Returns null if the device does not report its memory.</summary>
    public virtual MemoryState? Read() => IsCpu ? MemoryState.OfProcess() : new CudaMemory(new CudaDriver()).Read(Math.Max(0, device.index));

    /// <summary>Allocates a tensor of zeros in the caller's dispose scope.</summary>
    public virtual Tensor Zeros(ScalarType type, params long[] shape) => zeros(shape, type, device);

    /// <summary>Copies values to the device, in the caller's dispose scope.</summary>
    public virtual Tensor Upload<T>(T[] values, params long[] shape)
        where T : unmanaged => from_array(values).reshape(shape).to(device);

    /// <summary>Copies labels to the host; waits for the device.</summary>
    public virtual int[] Download(Tensor labels)
    {
        using var scope = NewDisposeScope();
        return labels.to(ScalarType.Int32).cpu().contiguous().data<int>().ToArray();
    }
}
