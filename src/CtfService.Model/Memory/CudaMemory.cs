namespace CtfService.Model.Memory;

/// <summary>
/// Asks CUDA's driver how much memory a device has free; TorchSharp does not tell. Counted low: libtorch keeps blocks that it has freed, and the driver takes
/// them for used.
/// </summary>
internal sealed class CudaMemory(ICudaDriver driver)
{
    /// <summary>Null if the driver is missing or does not answer.</summary>
    /// <param name="ordinal">The device's number as libtorch counts, within CUDA_VISIBLE_DEVICES.</param>
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

    /// <summary>In the context that libtorch uses too.</summary>
    private MemoryState? ReadInContext()
    {
        var read = driver.GetMemory(out var free, out var total);
        return read == 0 ? new MemoryState((long)total, (long)free) : null;
    }
}

/// <summary>The few functions of cuda.h that tell a device's memory. Each returns 0 if it succeeded.</summary>
internal interface ICudaDriver
{
    /// <summary>cuInit; once or more often.</summary>
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
