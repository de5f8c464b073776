using System.Diagnostics.Metrics;
using CtfService.Jobs.Databases;
using CtfService.Jobs.State;
using CtfService.Jobs.Store;
using CtfService.Jobs.Telemetry;
using CtfService.Jobs.Usage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace CtfService.Jobs;

/// <summary>Adds the state that the processes of a service share. The host registers <see cref="StorageOptions"/>.</summary>
public static class StateServiceExtensions
{
    /// <summary>Adds a store of API keys, their copy in memory, and a store of responses.</summary>
    public static IServiceCollection AddSharedState(this IServiceCollection services)
    {
        services.AddDatabase();
        services.AddSingleton(provider => new StateMetrics(provider.GetRequiredService<IMeterFactory>()));
        services.AddSingleton<IKeyStore>(provider => new SqlKeyStore(provider.GetRequiredService<IDatabase>()));
        services.AddSingleton<IResponseStore>(provider => new SqlResponseStore(provider.GetRequiredService<IDatabase>()));
        services.AddSingleton(provider => new KeyCache(
            provider.GetRequiredService<IKeyStore>(),
            provider.GetRequiredService<StateMetrics>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<KeyCache>>()));
        return services.AddHostedService(provider => provider.GetRequiredService<KeyCache>());
    }

    /// <summary>Adds the counters of what callers use, and those in memory on their own. With shared state in the database, add that first.</summary>
    public static IServiceCollection AddUsageCounters(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<MemoryUsageCounters>();
        return services.AddSingleton<IUsageCounters>(provider => provider.GetRequiredService<StorageOptions>().KeepsStateInDatabase()
            ? new SharedUsageCounters(
                new SqlUsageCounters(provider.GetRequiredService<IDatabase>()),
                provider.GetRequiredService<StateMetrics>(),
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<SharedUsageCounters>>())
            : provider.GetRequiredService<MemoryUsageCounters>());
    }

    /// <summary>Adds the database that the options choose, which jobs and shared state use. Nothing is opened or created before its first use.</summary>
    internal static void AddDatabase(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IDatabase>(provider =>
        {
            var storage = provider.GetRequiredService<StorageOptions>();
            return storage.ConnectionString.Length > 0
                ? new PostgresDatabase(storage.ConnectionString)
                : new SqliteDatabase(storage.Folder, provider.GetRequiredService<TimeProvider>());
        });
    }
}
