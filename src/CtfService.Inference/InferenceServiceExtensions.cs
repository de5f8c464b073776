using System.Diagnostics.Metrics;
using CtfService.Inference.Queue;
using CtfService.Inference.Scheduling;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using CtfService.Inference.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace CtfService.Inference;

/// <summary>
/// Puts queue, scheduler and worker into a host. The host brings <see cref="InferenceOptions"/>, checked, and an
/// <see cref="Core.Generation.IImageGeneratorFactory"/>.
/// </summary>
public static class InferenceServiceExtensions
{
    public static IServiceCollection AddInference(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<ModelState>();
        services.AddSingleton<IModelStatus>(provider => provider.GetRequiredService<ModelState>());
        services.AddSingleton<ImageFlow>();
        services.AddSingleton(provider => new InferenceMetrics(
            provider.GetRequiredService<IMeterFactory>(),
            provider.GetRequiredService<ImageFlow>(),
            provider.GetRequiredService<InferenceOptions>()));
        services.AddSingleton<StallWatch>();
        services.AddSingleton<IStallWatch>(provider => provider.GetRequiredService<StallWatch>());
        services.AddSingleton<LoadReports>();
        services.AddSingleton<GenerationPace>();
        services.AddSingleton<InferenceQueue>();
        services.AddSingleton<IInferenceQueue>(provider => provider.GetRequiredService<InferenceQueue>());
        services.AddSingleton<AdmissionScheduler>();
        services.AddSingleton<ImageRunner>();
        services.AddSingleton<ModelLoader>();
        services.AddSingleton<WorkerParts>();
        services.AddHostedService<GenerationWorker>();
        return services;
    }
}
