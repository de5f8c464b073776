namespace CtfService.Api.Telemetry.Gpu;

/// <summary>Adds metrics of NVIDIA GPUs, if there are any.</summary>
internal static class GpuExtensions
{
    /// <summary>Registers <see cref="GpuMetrics"/>; its instruments exist once it is resolved.</summary>
    public static void AddGpuMetrics(this IServiceCollection services)
    {
        services.AddSingleton<INvml>(_ => new NvmlLibrary());
        services.AddSingleton<IGpuReader, NvmlReader>();
        services.AddSingleton<GpuMetrics>();
    }
}
