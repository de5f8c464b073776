using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace CtfService.Api.Telemetry.Gpu;

/// <inheritdoc cref="INvml"/>
internal sealed partial class NvmlLibrary : INvml
{
    private const string Library = "nvidia-ml";

    private const uint GpuSensor = 0;
    private const ulong XidCriticalError = 8;

    /// <summary>Limit of NVML for names and UUIDs: 96 (NVML_DEVICE_UUID_V2_BUFFER_SIZE, NVML_DEVICE_NAME_V2_BUFFER_SIZE).</summary>
    private const int TextLength = 96;

    static NvmlLibrary() => NativeLibrary.SetDllImportResolver(typeof(NvmlLibrary).Assembly, Resolve);

    public int Init() => InitV2();

    public int DeviceCount(out uint count) => GetCount(out count);

    public int Device(uint index, out nint device) => GetHandle(index, out device);

    public int Name(nint device, out string name)
    {
        var text = new byte[TextLength];
        var result = GetName(device, text, TextLength);
        name = Text(text);
        return result;
    }

    public int Uuid(nint device, out string uuid)
    {
        var text = new byte[TextLength];
        var result = GetUuid(device, text, TextLength);
        uuid = Text(text);
        return result;
    }

    public int Utilization(nint device, out NvmlUtilization utilization) => GetUtilization(device, out utilization);

    public int Memory(nint device, out NvmlMemory memory) => GetMemory(device, out memory);

    public int Power(nint device, out uint milliwatts) => GetPower(device, out milliwatts);

    public int Temperature(nint device, out uint celsius) => GetTemperature(device, GpuSensor, out celsius);

    public int Clock(nint device, NvmlClock clock, out uint megahertz) => GetClock(device, clock, out megahertz);

    public int ThrottleReasons(nint device, out ulong reasons) => GetThrottleReasons(device, out reasons);

    public int CreateEventSet(out nint set) => EventSetCreate(out set);

    public int WatchXidErrors(nint device, nint set) => RegisterEvents(device, XidCriticalError, set);

    public int NextEvent(nint set, out NvmlEvent occurred) => EventSetWait(set, out occurred, timeoutMilliseconds: 0);

    private static string Text(byte[] text) => Encoding.UTF8.GetString(text.AsSpan(0, Math.Max(0, text.AsSpan().IndexOf((byte)0))));

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Library)
        {
            return 0; // another library: default resolution
        }

        return NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? "nvml.dll" : "libnvidia-ml.so.1", out var handle) ? handle : 0;
    }

    [LibraryImport(Library, EntryPoint = "nvmlInit_v2")]
    private static partial int InitV2();

    [LibraryImport(Library, EntryPoint = "nvmlDeviceGetCount_v2")]
    private static partial int GetCount(out uint count);

    [LibraryImport(Library, EntryPoint = "nvmlDeviceGetHandleByIndex_v2")]
    private static partial int GetHandle(uint index, out nint device);

    [LibraryImport(Library, EntryPoint = "nvmlDeviceGetName")]
    private static partial int GetName(nint device, [Out] byte[] name, uint length);

    [LibraryImport(Library, EntryPoint = "nvmlDeviceGetUUID")]
    private static partial int GetUuid(nint device, [Out] byte[] uuid, uint length);

    [LibraryImport(Library, EntryPoint = "nvmlDeviceGetUtilizationRates")]
    private static partial int GetUtilization(nint device, out NvmlUtilization utilization);

    [LibraryImport(Library, EntryPoint = "nvmlDeviceGetMemoryInfo")]
    private static partial int GetMemory(nint device, out NvmlMemory memory);

    [LibraryImport(Library, EntryPoint = "nvmlDeviceGetPowerUsage")]
    private static partial int GetPower(nint device, out uint milliwatts);

    [LibraryImport(Library, EntryPoint = "nvmlDeviceGetTemperature")]
    private static partial int GetTemperature(nint device, uint sensor, out uint celsius);

    [LibraryImport(Library, EntryPoint = "nvmlDeviceGetClockInfo")]
    private static partial int GetClock(nint device, NvmlClock clock, out uint megahertz);

    [LibraryImport(Library, EntryPoint = "nvmlDeviceGetCurrentClocksThrottleReasons")]
    private static partial int GetThrottleReasons(nint device, out ulong reasons);

    [LibraryImport(Library, EntryPoint = "nvmlEventSetCreate")]
    private static partial int EventSetCreate(out nint set);

    [LibraryImport(Library, EntryPoint = "nvmlDeviceRegisterEvents")]
    private static partial int RegisterEvents(nint device, ulong kinds, nint set);

    [LibraryImport(Library, EntryPoint = "nvmlEventSetWait_v2")]
    private static partial int EventSetWait(nint set, out NvmlEvent occurred, uint timeoutMilliseconds);
}
