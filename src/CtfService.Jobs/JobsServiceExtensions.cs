using System.Diagnostics.Metrics;
using CtfService.Jobs.Engine;
using CtfService.Jobs.Store;
using CtfService.Jobs.Telemetry;
using CtfService.Jobs.Webhooks;
using CtfService.Jobs.Work;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace CtfService.Jobs;

/// <summary>
/// Adds durable jobs to a host. The host registers <see cref="StorageOptions"/>, <see cref="JobsOptions"/>, a <see cref="Files.IFileStore"/> and the
/// <see cref="IJobHandler"/> of each kind.
/// </summary>
public static class JobsServiceExtensions
{
    /// <param name="start">Returns what the engine waits for before it goes on with the jobs of an earlier process, such as the load of the model.</param>
    public static IServiceCollection AddJobs(this IServiceCollection services, Func<IServiceProvider, Task> start)
    {
        services.AddDatabase();
        services.AddSingleton<JobSignals>();
        services.AddSingleton<JobStore>();
        services.AddSingleton<IJobService, SqlJobService>();
        services.AddSingleton<IUploadCatalog, SqlUploadCatalog>();
        services.AddSingleton(provider => new JobMetrics(provider.GetRequiredService<IMeterFactory>()));
        services.AddSingleton<ShardRunner>();
        services.AddSingleton<Retention>();
        services.AddSingleton(provider => new HostLife(start(provider), provider.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping));
        services.AddHostedService<JobEngine>();
        services.AddSingleton<WebhookClient>();
        services.AddHostedService<WebhookDelivery>();
        return services;
    }
}
