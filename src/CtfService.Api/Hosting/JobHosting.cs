using CtfService.Api.Configuration;
using CtfService.Inference.Status;
using CtfService.Jobs;
using CtfService.Jobs.Store;
using CtfService.Jobs.Work;

namespace CtfService.Api.Hosting;

/// <summary>Hosts the engine of bulk jobs, and what uses its database.</summary>
internal static class JobHosting
{
    /// <summary>True unless <c>Jobs:Enabled</c> is false. Then the service has no jobs, no files and no endpoints for them.</summary>
    public static bool HasJobs(this IConfiguration configuration) =>
        new SettingsSection<JobsOptions>(configuration, JobsOptions.SectionName).Value.Enabled;

    /// <summary>
    /// Adds the state that processes share, if there is a database: with jobs, or if <c>Storage:ConnectionString</c> names one, or if <c>Storage:State</c>
    /// needs one.
    /// </summary>
    public static void AddSharedState(this WebApplicationBuilder builder)
    {
        var storage = new SettingsSection<StorageOptions>(builder.Configuration, StorageOptions.SectionName).Value;
        if (builder.Configuration.HasJobs() || storage.ConnectionString.Length > 0 || storage.KeepsStateInDatabase())
        {
            builder.Services.AddSharedState();
        }
    }

    /// <summary>Adds the store and the engine of jobs. Readiness does not depend on them: without its store, the service still serves images.</summary>
    public static void AddJobs(this WebApplicationBuilder builder)
    {
        if (builder.Configuration.HasJobs())
        {
            builder.Services.AddFileStore();
            builder.Services.AddJobs(start: provider => provider.GetRequiredService<IModelStatus>().LoadingEnded);
        }
    }
}
