using System.Runtime.InteropServices;

namespace CtfService.Api.Telemetry.Gpu;

/// <summary>
/// The few functions of NVIDIA's management library that are needed, as nvml.h declares them. Each returns 0 where it succeeded. A driver too old for a function has no entry point for it:
/// <see cref="EntryPointNotFoundException"/>; no driver at all: <see cref="DllNotFoundException"/>.
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

    /// <param name="milliwatts">Drawn now.</param>
    int Power(nint device, out uint milliwatts);

    int Temperature(nint device, out uint celsius);

    /// <param name="clock"><see cref="NvmlClock"/>.</param>
    int Clock(nint device, NvmlClock clock, out uint megahertz);

    /// <param name="reasons">Bits as in <see cref="ThrottleReasons"/>, and others.</param>
    int ThrottleReasons(nint device, out ulong reasons);

    int CreateEventSet(out nint set);

    /// <summary>XID errors of the device go into the set from here on.</summary>
    int WatchXidErrors(nint device, nint set);

    /// <summary>Takes the next event out of the set; does not wait for one.</summary>
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
