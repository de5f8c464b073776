namespace CtfService.Api.Telemetry.Gpu;

/// <summary>Readings of one GPU at one moment. Values that the driver does not provide are null.</summary>
internal sealed record GpuReading(GpuIdentity Identity)
{
    /// <summary>Fraction of the last sampling period in which a kernel ran, 0 to 1.</summary>
    public double? Utilization { get; init; }

    /// <summary>Memory used by all processes, in bytes.</summary>
    public long? MemoryUsed { get; init; }

    /// <summary>Total memory in bytes.</summary>
    public long? MemoryTotal { get; init; }

    public double? Watts { get; init; }

    public double? Celsius { get; init; }

    /// <summary>SM clock in hertz.</summary>
    public long? SmClock { get; init; }

    /// <summary>Memory clock in hertz.</summary>
    public long? MemoryClock { get; init; }

    /// <summary>Reasons that throttle its clocks now; null if unknown.</summary>
    public ThrottleReasons? Throttle { get; init; }

    /// <summary>XID errors since the service started; null if unknown.</summary>
    public long? XidErrors { get; init; }
}

/// <summary>Identity of a GPU.</summary>
/// <param name="Id">UUID of the GPU.</param>
/// <param name="Index">Index of the GPU in the driver.</param>
/// <param name="Model">Model name, such as <c>NVIDIA H100 80GB HBM3</c>.</param>
internal sealed record GpuIdentity(string Id, int Index, string Model);

/// <summary>Reasons for throttled clocks, with the bits of NVML (nvml.h, nvmlClocksEventReason*). Reasons that only report idleness are omitted.</summary>
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

/// <summary>Reads the GPUs of this machine. Called when metrics are collected; not thread-safe.</summary>
internal interface IGpuReader
{
    /// <summary>Returns the readings of all GPUs; empty if there are none.</summary>
    IReadOnlyList<GpuReading> Read();
}
