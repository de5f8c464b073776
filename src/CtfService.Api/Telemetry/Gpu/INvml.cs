using System.Runtime.InteropServices;

namespace CtfService.Api.Telemetry.Gpu;

/// <summary>
/// The required functions of the NVIDIA Management Library, as declared in nvml.h. Each returns 0 on success. If the driver is too old for a function, it
/// throws <see cref="EntryPointNotFoundException"/>; without a driver, <see cref="DllNotFoundException"/>.
/// </summary>
internal interface INvml
{
    int Init();

    int DeviceCount(out uint count);

    int Device(uint index, out nint device);

    int Name(nint device, out string name);

    int Uuid(nint device, out string uuid);

    int Utilization(nint device, out NvmlUtilization utilization);

    int Memory(nint device, out NvmlMemory memory);

    /// <param name="milliwatts">Current power consumption.</param>
    int Power(nint device, out uint milliwatts);

    int Temperature(nint device, out uint celsius);

    /// <param name="clock"><see cref="NvmlClock"/>.</param>
    int Clock(nint device, NvmlClock clock, out uint megahertz);

    /// <param name="reasons">Bits as in <see cref="ThrottleReasons"/>, and further ones.</param>
    int ThrottleReasons(nint device, out ulong reasons);

    int CreateEventSet(out nint set);

    /// <summary>Adds XID errors of the device to the set from now on.</summary>
    int WatchXidErrors(nint device, nint set);

    /// <summary>Removes the next event from the set without waiting.</summary>
    int NextEvent(nint set, out NvmlEvent occurred);
}

[StructLayout(LayoutKind.Sequential)]
internal readonly record struct NvmlUtilization(uint GpuPercent, uint MemoryPercent);

[StructLayout(LayoutKind.Sequential)]
internal readonly record struct NvmlMemory(ulong Total, ulong Free, ulong Used);

/// <param name="Data">The number of the XID error.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct NvmlEvent(nint Device, ulong Kind, ulong Data, uint GpuInstance, uint ComputeInstance);

internal enum NvmlClock
{
    Graphics = 0,
    Sm = 1,
    Memory = 2,
}
