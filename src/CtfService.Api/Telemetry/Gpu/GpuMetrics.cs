using System.Diagnostics.Metrics;

namespace CtfService.Api.Telemetry.Gpu;

/// <summary>
/// Metrics of GPUs, read when metrics are collected. Names follow the OpenTelemetry conventions for hardware (hw.*); clocks and throttling have none there,
/// so their names are ours.
/// </summary>
internal sealed class GpuMetrics
{
    public const string MeterName = "CtfService.Gpu";

    /// <summary>Lifetime of a reading: one collection reads each instrument in turn, so the first reading serves the others.</summary>
    private static readonly TimeSpan Freshness = TimeSpan.FromMilliseconds(500);

    private static readonly (ThrottleReasons Flag, string Name)[] Reasons =
    [
        (ThrottleReasons.PowerCap, "power_cap"),
        (ThrottleReasons.HardwareSlowdown, "hardware_slowdown"),
        (ThrottleReasons.SoftwareThermal, "software_thermal"),
        (ThrottleReasons.HardwareThermal, "hardware_thermal"),
        (ThrottleReasons.PowerBrake, "power_brake"),
    ];

    private readonly IGpuReader _reader;
    private readonly TimeProvider _clock;
    private readonly Lock _gate = new();
    private IReadOnlyList<GpuReading> _readings;
    private long _readAt;

    public GpuMetrics(IMeterFactory meters, IGpuReader reader, TimeProvider clock)
    {
        (_reader, _clock) = (reader, clock);
        _readings = reader.Read();
        _readAt = clock.GetTimestamp();
        if (_readings.Count == 0)
        {
            return; // no GPU, no instruments
        }

        var meter = meters.Create(MeterName);
        meter.CreateObservableGauge(
            "hw.gpu.utilization", () => Observe(gpu => gpu.Utilization), "1", "Fraction of the last sampling period in which a kernel ran.");
        meter.CreateObservableUpDownCounter("hw.gpu.memory.usage", () => Observe(gpu => gpu.MemoryUsed), "By", "GPU memory used by all processes.");
        meter.CreateObservableUpDownCounter("hw.gpu.memory.limit", () => Observe(gpu => gpu.MemoryTotal), "By", "Total GPU memory.");
        meter.CreateObservableGauge("hw.power", () => Observe(gpu => gpu.Watts), "W", "Power consumption of the GPU.");
        meter.CreateObservableGauge("hw.temperature", () => Observe(gpu => gpu.Celsius), "Cel", "Temperature of the GPU.");
        meter.CreateObservableCounter(
            "hw.errors",
            () => Observe(gpu => gpu.XidErrors, new KeyValuePair<string, object?>("error.type", "xid")),
            "{error}",
            "XID errors since the service started.");
        meter.CreateObservableGauge("ctf.gpu.clock", Clocks, "Hz", "Clock frequencies of the GPU.");
        meter.CreateObservableGauge("ctf.gpu.throttled", Throttled, unit: null, "1 if the reason throttles the clocks now, otherwise 0.");
    }

    private IReadOnlyList<GpuReading> Readings()
    {
        lock (_gate)
        {
            if (_clock.GetElapsedTime(_readAt) > Freshness)
            {
                _readings = _reader.Read();
                _readAt = _clock.GetTimestamp();
            }

            return _readings;
        }
    }

    private IEnumerable<Measurement<T>> Observe<T>(Func<GpuReading, T?> value, params KeyValuePair<string, object?>[] more)
        where T : struct =>
        Readings().Where(gpu => value(gpu) is not null).Select(gpu => new Measurement<T>(value(gpu)!.Value, [.. Identify(gpu.Identity), .. more]));

    private IEnumerable<Measurement<long>> Clocks() =>
        Observe(gpu => gpu.SmClock, new KeyValuePair<string, object?>("ctf.gpu.clock.type", "sm"))
            .Concat(Observe(gpu => gpu.MemoryClock, new KeyValuePair<string, object?>("ctf.gpu.clock.type", "memory")));

    private IEnumerable<Measurement<int>> Throttled() => Reasons.SelectMany(reason =>
        Observe<int>(
            gpu => gpu.Throttle is { } now ? ((now & reason.Flag) == 0 ? 0 : 1) : null,
            new KeyValuePair<string, object?>("ctf.gpu.throttle.reason", reason.Name)));

    private static KeyValuePair<string, object?>[] Identify(GpuIdentity gpu) =>
        [new("hw.id", gpu.Id), new("hw.type", "gpu"), new("hw.name", $"gpu{gpu.Index}"), new("hw.model", gpu.Model), new("hw.vendor", "NVIDIA")];
}
