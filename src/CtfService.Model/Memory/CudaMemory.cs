namespace CtfService.Model.Memory;

/// <summary>
/// Reads the free memory of a device from the CUDA driver, because TorchSharp does not expose it. The result is an underestimate: the driver counts freed
/// blocks that libtorch caches as used.
/// </summary>
internal sealed class CudaMemory(ICudaDriver driver)
{
    /// <summary>Returns null if the driver is missing or a call fails.</summary>
    /// <param name="ordinal">The index of the device in libtorch, within CUDA_VISIBLE_DEVICES.</param>
    public MemoryState? Read(int ordinal)
    {
        try
        {
            return driver.Init() == 0 && driver.GetDevice(out var device, ordinal) == 0 ? ReadDevice(device) : null;
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            return null;
        }
    }

    private MemoryState? ReadDevice(int device)
    {
        if (driver.RetainContext(out var context, device) != 0)
        {
            return null;
        }

        try
        {
            if (driver.PushContext(context) != 0)
            {
                return null;
            }

            var state = ReadInContext();
            _ = driver.PopContext(out _);
            return state;
        }
        finally
        {
            _ = driver.ReleaseContext(device);
        }
    }

    /// <summary>Reads the memory in the primary context, which libtorch uses, too.</summary>
    private MemoryState? ReadInContext()
    {
        var read = driver.GetMemory(out var free, out var total);
        return read == 0 ? new MemoryState((long)total, (long)free) : null;
    }
}

/// <summary>The functions of cuda.h that are needed to read the memory of a device. Each returns 0 on success.</summary>
internal interface ICudaDriver
{
    /// <summary>cuInit; may be called repeatedly.</summary>
    int Init();

    /// <summary>cuDeviceGet.</summary>
    int GetDevice(out int device, int ordinal);

    /// <summary>cuDevicePrimaryCtxRetain.</summary>
    int RetainContext(out nint context, int device);

    /// <summary>cuDevicePrimaryCtxRelease.</summary>
    int ReleaseContext(int device);

    /// <summary>cuCtxPushCurrent, for the calling thread.</summary>
    int PushContext(nint context);

    /// <summary>cuCtxPopCurrent.</summary>
    int PopContext(out nint context);

    /// <summary>cuMemGetInfo of the current context's device, in bytes.</summary>
    int GetMemory(out nuint free, out nuint total);
}
