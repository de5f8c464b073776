using static TorchSharp.torch;

namespace CtfService.Model.Memory;

/// <summary>
/// A device's memory: how much there is, allocations, and copies to and from it; what may fail there because it is full. Tests derive devices that fail or are
/// small.
/// </summary>
internal class DeviceMemory(Device device)
{
    public Device Device => device;

    public bool IsCpu => device.type == TorchSharp.DeviceType.CPU;

    /// <summary>Null if the device does not tell.</summary>
    public virtual MemoryState? Read() => IsCpu ? MemoryState.OfProcess() : new CudaMemory(new CudaDriver()).Read(Math.Max(0, device.index));

    /// <summary>In the caller's scope.</summary>
    public virtual Tensor Zeros(ScalarType type, params long[] shape) => zeros(shape, type, device);

    /// <summary>In the caller's scope.</summary>
    public virtual Tensor Upload<T>(T[] values, params long[] shape)
        where T : unmanaged => from_array(values).reshape(shape).to(device);

    /// <summary>Waits for the device.</summary>
    public virtual int[] Download(Tensor labels)
    {
        using var scope = NewDisposeScope();
        return labels.to(ScalarType.Int32).cpu().contiguous().data<int>().ToArray();
    }
}
