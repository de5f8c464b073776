using CtfService.Api.Telemetry.Gpu;

namespace CtfService.Api.Tests.Telemetry.Gpu;

/// <summary>Simulates a machine without NVIDIA's library.</summary>
internal sealed class NoNvml : INvml
{
    public int Init() => throw Absent();

    public int DeviceCount(out uint count) => throw Absent();

    public int Device(uint index, out nint device) => throw Absent();

    public int Name(nint device, out string name) => throw Absent();

    public int Uuid(nint device, out string uuid) => throw Absent();

    public int Utilization(nint device, out NvmlUtilization utilization) => throw Absent();

    public int Memory(nint device, out NvmlMemory memory) => throw Absent();

    public int Power(nint device, out uint milliwatts) => throw Absent();

    public int Temperature(nint device, out uint celsius) => throw Absent();

    public int Clock(nint device, NvmlClock clock, out uint megahertz) => throw Absent();

    public int ThrottleReasons(nint device, out ulong reasons) => throw Absent();

    public int CreateEventSet(out nint set) => throw Absent();

    public int WatchXidErrors(nint device, nint set) => throw Absent();

    public int NextEvent(nint set, out NvmlEvent occurred) => throw Absent();

    private static DllNotFoundException Absent() => new("libnvidia-ml.so.1");
}
