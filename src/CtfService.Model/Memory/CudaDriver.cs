using System.Runtime.InteropServices;

namespace CtfService.Model.Memory;

/// <inheritdoc cref="ICudaDriver"/>
internal sealed partial class CudaDriver : ICudaDriver
{
    private const string Library = "libcuda.so.1"; // installed with the driver; the CUDA build of libtorch is for Linux only

    public int Init() => Init(flags: 0);

    public int GetDevice(out int device, int ordinal) => DeviceGet(out device, ordinal);

    public int RetainContext(out nint context, int device) => PrimaryContextRetain(out context, device);

    public int ReleaseContext(int device) => PrimaryContextRelease(device);

    public int PushContext(nint context) => ContextPush(context);

    public int PopContext(out nint context) => ContextPop(out context);

    public int GetMemory(out nuint free, out nuint total) => MemoryGetInfo(out free, out total);

    [LibraryImport(Library, EntryPoint = "cuInit")]
    private static partial int Init(uint flags);

    [LibraryImport(Library, EntryPoint = "cuDeviceGet")]
    private static partial int DeviceGet(out int device, int ordinal);

    [LibraryImport(Library, EntryPoint = "cuDevicePrimaryCtxRetain")]
    private static partial int PrimaryContextRetain(out nint context, int device);

    [LibraryImport(Library, EntryPoint = "cuDevicePrimaryCtxRelease_v2")]
    private static partial int PrimaryContextRelease(int device);

    [LibraryImport(Library, EntryPoint = "cuCtxPushCurrent_v2")]
    private static partial int ContextPush(nint context);

    [LibraryImport(Library, EntryPoint = "cuCtxPopCurrent_v2")]
    private static partial int ContextPop(out nint context);

    [LibraryImport(Library, EntryPoint = "cuMemGetInfo_v2")]
    private static partial int MemoryGetInfo(out nuint free, out nuint total);
}
