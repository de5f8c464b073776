using CtfService.Jobs.Work;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.Jobs.Databases;

/// <summary>Finds out at start whether the database of jobs and shared state can be used.</summary>
public static class DatabaseCheck
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>Opens the database if the host has one that exists; otherwise checks that it can be created. What may pass is tried again.</summary>
    /// <param name="limit">
    /// Longest duration of an attempt, and time after which none begins. A database that does not even notice that it is given up takes a second more.
    /// </param>
    /// <exception cref="JobStoreUnavailableException">The database cannot be used.</exception>
    public static Task RequireAsync(IServiceProvider services, TimeSpan limit, CancellationToken cancellation) =>
        services.GetService<IDatabase>() is { } database
            ? RequireAsync(database, limit, services.GetRequiredService<TimeProvider>(), cancellation)
            : Task.CompletedTask;

    internal static async Task RequireAsync(IDatabase database, TimeSpan limit, TimeProvider clock, CancellationToken cancellation)
    {
        for (var started = clock.GetTimestamp(); ;)
        {
            try
            {
                await TimeLimits.RunAsync(database.CheckAsync, limit, cancellation).ConfigureAwait(false);
                return;
            }
            catch (JobStoreUnavailableException away) when (away.MayPass && clock.GetElapsedTime(started) + Pause < limit)
            {
                await Task.Delay(Pause, clock, cancellation).ConfigureAwait(false);
            }
        }
    }
}
