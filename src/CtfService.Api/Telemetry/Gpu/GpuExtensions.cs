namespace CtfService.Api.Telemetry.Gpu;

/// <summary>Figures of NVIDIA GPUs, where there are any.</summary>
internal static class GpuExtensions
{
    /// <summary>They exist once somebody asks for <see cref="GpuMetrics"/>.</summary>
    public static void AddGpuMetrics(this IServiceCollection services)
    {
        services.AddSingleton<INvml>(_ => new NvmlLibrary());
        services.AddSingleton<IGpuReader, NvmlReader>();
        services.AddSingleton<GpuMetrics>();
    }
}
