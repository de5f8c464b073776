using CtfService.Api.Telemetry.Gpu;

namespace CtfService.Api.Tests.Telemetry.Gpu;

/// <summary>A driver without a GPU that reports values set by the test.</summary>
internal sealed class FakeNvml : INvml
{
    private const int NotSupported = 3;
    private const int Timeout = 10;

    public Queue<NvmlEvent> Events { get; } = new();

    public uint Devices { get; init; } = 1;

    public int InitResult { get; init; }

    /// <summary>Whether every function except those that find devices reports "not supported".</summary>
    public bool IsSilent { get; init; }

    /// <summary>Whether the driver lacks the newer functions.</summary>
    public bool IsOld { get; init; }

    public uint Milliwatts { get; set; } = 350_000;

    public int Reads { get; private set; }

    public int Init() => InitResult;

    public int DeviceCount(out uint count) => Tell(out count, Devices);

    public int Device(uint index, out nint device) => Tell(out device, 100 + (nint)index);

    public int Name(nint device, out string name) => Tell(out name, "NVIDIA H100 80GB HBM3");

    public int Uuid(nint device, out string uuid) => Tell(out uuid, $"GPU-{device}");

    public int Utilization(nint device, out NvmlUtilization utilization) => TellUnlessSilent(out utilization, new NvmlUtilization(73, 40));

    public int Memory(nint device, out NvmlMemory memory)
    {
        Reads++;
        return TellUnlessSilent(out memory, new NvmlMemory(Total: 85_899_345_920, Free: 1, Used: 21_474_836_480));
    }

    public int Power(nint device, out uint milliwatts) => TellUnlessSilent(out milliwatts, Milliwatts);

    public int Temperature(nint device, out uint celsius) => TellUnlessSilent(out celsius, 61u);

    public int Clock(nint device, NvmlClock clock, out uint megahertz) => TellUnlessSilent(out megahertz, clock == NvmlClock.Sm ? 1_980u : 2_619u);

    public int ThrottleReasons(nint device, out ulong reasons) => IsOld
        ? throw new EntryPointNotFoundException("nvmlDeviceGetCurrentClocksThrottleReasons")
        : TellUnlessSilent(out reasons, (ulong)(Api.Telemetry.Gpu.ThrottleReasons.PowerCap | Api.Telemetry.Gpu.ThrottleReasons.HardwareThermal) | 1);

    public int CreateEventSet(out nint set) => IsOld ? throw new EntryPointNotFoundException("nvmlEventSetCreate") : Tell(out set, 7);

    public int WatchXidErrors(nint device, nint set) => IsSilent ? NotSupported : 0;

    public int NextEvent(nint set, out NvmlEvent occurred) => Events.TryDequeue(out occurred) ? 0 : Timeout;

    private static int Tell<T>(out T told, T value)
    {
        told = value;
        return 0;
    }

    private int TellUnlessSilent<T>(out T told, T value)
    {
        told = value;
        return IsSilent ? NotSupported : 0;
    }
}
