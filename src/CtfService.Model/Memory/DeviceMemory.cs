using static TorchSharp.torch;

namespace CtfService.Model.Memory;

/// <summary>Allocations on a device and copies to and from it: what the coarse stage does there that may fail for lack of memory. Tests derive devices that fail.</summary>
internal class DeviceMemory(Device device)
{
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

    public Device Device => device;
}
