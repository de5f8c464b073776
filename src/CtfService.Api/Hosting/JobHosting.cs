using CtfService.Api.Configuration;
using CtfService.Inference.Status;
using CtfService.Jobs;
using CtfService.Jobs.Work;

namespace CtfService.Api.Hosting;

/// <summary>Hosts the engine of bulk jobs.</summary>
internal static class JobHosting
{
    /// <summary>True unless <c>Jobs:Enabled</c> is false. Then the service has no jobs, no files and no endpoints for them.</summary>
    public static bool HasJobs(this WebApplicationBuilder builder) =>
        new SettingsSection<JobsOptions>(builder.Configuration, JobsOptions.SectionName).Value.Enabled;

    /// <summary>Adds the store and the engine of jobs. Readiness does not depend on them: without its store, the service still serves images.</summary>
    public static void AddJobs(this WebApplicationBuilder builder)
    {
        if (builder.HasJobs())
        {
            builder.Services.AddFileStore();
            builder.Services.AddJobs(start: provider => provider.GetRequiredService<IModelStatus>().LoadingEnded);
        }
    }
}
