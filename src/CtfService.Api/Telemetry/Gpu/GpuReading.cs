namespace CtfService.Api.Telemetry.Gpu;

/// <summary>One GPU at one moment. What its driver does not tell is null.</summary>
internal sealed record GpuReading(GpuIdentity Identity)
{
    /// <summary>Share of the last moments in which a kernel ran, 0..1.</summary>
    public double? Utilization { get; init; }

    /// <summary>Bytes, of all processes.</summary>
    public long? MemoryUsed { get; init; }

    /// <summary>Bytes.</summary>
    public long? MemoryTotal { get; init; }

    public double? Watts { get; init; }

    public double? Celsius { get; init; }

    /// <summary>Hertz.</summary>
    public long? SmClock { get; init; }

    /// <summary>Hertz.</summary>
    public long? MemoryClock { get; init; }

    /// <summary>Why its clocks are held down now; null where that is not told.</summary>
    public ThrottleReasons? Throttle { get; init; }

    /// <summary>XID errors since the service started; null where they are not told.</summary>
    public long? XidErrors { get; init; }
}

/// <summary>Which GPU.</summary>
/// <param name="Id">Its UUID.</param>
/// <param name="Index">The driver's number for it.</param>
/// <param name="Model">Such as <c>NVIDIA H100 80GB HBM3</c>.</param>
internal sealed record GpuIdentity(string Id, int Index, string Model);

/// <summary>What holds clocks down, as NVML's bits for it (nvml.h, nvmlClocksEventReason*); those that only say that nothing is to be done are left out.</summary>
[Flags]
internal enum ThrottleReasons
{
    None = 0,
    PowerCap = 0x4,
    HardwareSlowdown = 0x8,
    SoftwareThermal = 0x20,
    HardwareThermal = 0x40,
    PowerBrake = 0x80,
}

/// <summary>Reads the GPUs of this machine. Called by whoever collects metrics, one at a time.</summary>
internal interface IGpuReader
{
    /// <summary>Empty where there is none.</summary>
    IReadOnlyList<GpuReading> Read();
}
