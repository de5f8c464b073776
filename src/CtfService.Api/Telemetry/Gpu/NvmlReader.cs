namespace CtfService.Api.Telemetry.Gpu;

/// <summary>
/// Reads GPUs through NVML. If the library is missing or fails to start, there are no GPUs and one log event says so. Values that a GPU does not provide
/// are omitted. Not thread-safe.
/// </summary>
internal sealed partial class NvmlReader : IGpuReader
{
    /// <summary>Maximum number of events per collection, so that a flood of errors does not delay it.</summary>
    private const int MostEventsAtATime = 1_000;

    private readonly INvml _nvml;
    private readonly ILogger<NvmlReader> _logger;
    private readonly List<Gpu> _gpus = [];
    private nint? _events;

    public NvmlReader(INvml nvml, ILogger<NvmlReader> logger)
    {
        (_nvml, _logger) = (nvml, logger);
        try
        {
            Find();
        }
        catch (DllNotFoundException)
        {
            Log.NoLibrary(logger, "not found"); // the exception message lists every folder that was searched
        }
        catch (Exception unfit) when (unfit is EntryPointNotFoundException or BadImageFormatException)
        {
            Log.NoLibrary(logger, unfit.Message);
        }
    }

    public IReadOnlyList<GpuReading> Read()
    {
        CountXidErrors();
        return [.. _gpus.Select(Read)];
    }

    private void Find()
    {
        var result = _nvml.Init();
        if (result != 0)
        {
            Log.DoesNotStart(_logger, result);
            return;
        }

        _events = Ask(() => _nvml.CreateEventSet(out var set) == 0 ? set : (nint?)null);
        _ = _nvml.DeviceCount(out var count);
        for (var index = 0u; index < count; index++)
        {
            if (_nvml.Device(index, out var device) == 0)
            {
                var reportsXidErrors = _events is { } set && Ask(() => _nvml.WatchXidErrors(device, set) == 0 ? 0 : (int?)null) is not null;
                _gpus.Add(new Gpu(device, Identify(index, device)) { ReportsXidErrors = reportsXidErrors });
            }
        }

        Log.Found(_logger, _gpus.Count, string.Join(", ", _gpus.Select(gpu => gpu.Identity.Model)));
    }

    private GpuIdentity Identify(uint index, nint device)
    {
        var isNamed = _nvml.Uuid(device, out var uuid) == 0 && uuid.Length > 0;
        return new GpuIdentity(isNamed ? uuid : $"index-{index}", (int)index, _nvml.Name(device, out var name) == 0 ? name : "unknown");
    }

    private GpuReading Read(Gpu gpu)
    {
        var device = gpu.Device;
        var memory = Ask(() => _nvml.Memory(device, out var value) == 0 ? value : (NvmlMemory?)null);
        return new GpuReading(gpu.Identity)
        {
            Utilization = Ask(() => _nvml.Utilization(device, out var value) == 0 ? value.GpuPercent / 100.0 : (double?)null),
            MemoryUsed = (long?)memory?.Used,
            MemoryTotal = (long?)memory?.Total,
            Watts = Ask(() => _nvml.Power(device, out var milliwatts) == 0 ? milliwatts / 1_000.0 : (double?)null),
            Celsius = Ask(() => _nvml.Temperature(device, out var celsius) == 0 ? celsius : (double?)null),
            SmClock = Clock(device, NvmlClock.Sm),
            MemoryClock = Clock(device, NvmlClock.Memory),
            Throttle = Ask(() => _nvml.ThrottleReasons(device, out var reasons) == 0 ? (ThrottleReasons)(reasons & int.MaxValue) : (ThrottleReasons?)null),
            XidErrors = gpu.ReportsXidErrors ? gpu.XidErrors : null,
        };
    }

    private long? Clock(nint device, NvmlClock clock) => Ask(() => _nvml.Clock(device, clock, out var megahertz) == 0 ? megahertz * 1_000_000L : (long?)null);

    private void CountXidErrors()
    {
        for (var taken = 0; _events is { } set && taken < MostEventsAtATime && _nvml.NextEvent(set, out var occurred) == 0; taken++)
        {
            if (_nvml.Uuid(occurred.Device, out var uuid) == 0 && _gpus.Find(gpu => gpu.Identity.Id == uuid) is { } gpu)
            {
                gpu.XidErrors++;
                Log.XidError(_logger, occurred.Data, gpu.Identity.Index, gpu.Identity.Id);
            }
        }
    }

    /// <summary>Returns null if the driver is too old for the function.</summary>
    private static T? Ask<T>(Func<T?> question)
        where T : struct
    {
        try
        {
            return question();
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }

    private sealed class Gpu(nint device, GpuIdentity identity)
    {
        public nint Device { get; } = device;

        public GpuIdentity Identity { get; } = identity;

        public required bool ReportsXidErrors { get; init; }

        public long XidErrors { get; set; }
    }
}
