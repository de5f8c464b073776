using System.Diagnostics.Metrics;
using CtfService.Inference.Queue;
using CtfService.Inference.Routing;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace CtfService.Inference;

/// <summary>
/// Adds the router and its instances to a host. The host registers validated <see cref="InferenceOptions"/> and the <see cref="ModelOrigin"/> of the first
/// model.
/// </summary>
public static class InferenceServiceExtensions
{
    public static IServiceCollection AddInference(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<InFlightImages>();
        services.AddSingleton(provider => new InferenceMetrics(
            provider.GetRequiredService<IMeterFactory>(),
            provider.GetRequiredService<InFlightImages>(),
            provider.GetRequiredService<InferenceOptions>().MaxQueuedImages));
        services.AddSingleton(provider => new StallWatch(
            provider.GetRequiredService<InFlightImages>(),
            provider.GetRequiredService<InferenceOptions>().StallTimeout,
            provider.GetRequiredService<ILogger<StallWatch>>()));
        services.AddSingleton<IStallWatch>(provider => provider.GetRequiredService<StallWatch>());
        services.AddSingleton<ModelInstanceFactory>();
        services.AddSingleton<ModelRouter>();
        services.AddSingleton<IModelRouter>(provider => provider.GetRequiredService<ModelRouter>());
        services.AddSingleton<IModelStatus>(provider => provider.GetRequiredService<ModelRouter>());
        services.AddHostedService<InferenceHost>();
        return services;
    }

    /// <summary>Ends the process when its workers are stuck (<see cref="InferenceOptions.ExitWhenStuck"/>). Call after <see cref="AddInference"/>.</summary>
    /// <param name="exit">Creates the action that ends the process.</param>
    public static IServiceCollection AddStuckExit(this IServiceCollection services, Func<IServiceProvider, ProcessExit> exit)
    {
        services.AddSingleton(exit);
        return services.AddHostedService<StuckExit>();
    }

    /// <summary>Starts loading the first model before the host starts, which would do it otherwise.</summary>
    public static void StartLoading(this IServiceProvider services) => services.GetRequiredService<ModelRouter>().Start();
}
