using CtfService.Jobs.Databases;
using CtfService.Jobs.Store;
using CtfService.Jobs.Work;

namespace CtfService.Api.Hosting;

/// <summary>Opens the database of jobs and shared state before anything else starts. What goes away later is reported, and the service goes on.</summary>
internal static class StoreCheck
{
    /// <summary>Time in which a database that cannot be reached may come back; short, because whoever started the process waits for the message.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1.5);

    /// <exception cref="StartRefusedException">The database cannot be used.</exception>
    public static async Task RequireAsync(IServiceProvider services)
    {
        try
        {
            await DatabaseCheck.RequireAsync(services, Limit, CancellationToken.None);
        }
        catch (JobStoreUnavailableException unusable)
        {
            throw Refused(unusable, services.GetRequiredService<StorageOptions>());
        }
    }

    internal static StartRefusedException Refused(JobStoreUnavailableException unusable, StorageOptions storage)
    {
        var isForJobsOnly = storage.ConnectionString.Length == 0 && !storage.KeepsStateInDatabase();
        return new([isForJobsOnly ? $"{unusable.Problem} Without jobs (Jobs:Enabled false), the service needs no database." : unusable.Problem])
        {
            ExitCode = unusable.MayPass ? StartFailures.TemporaryExitCode : StartFailures.ExitCode,
        };
    }
}
