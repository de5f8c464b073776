using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Status;

namespace CtfService.Api.Hosting;

/// <summary>
/// Stops the host if no device could load the first model: a process without a model serves nobody, and who started it should learn that at once. A switch
/// that fails later ends nothing. Thread-safe.
/// </summary>
internal sealed class FirstLoad
{
    private volatile StartRefusedException? _refusal;

    private FirstLoad()
    {
    }

    /// <summary>Begins to watch. Call before the host starts.</summary>
    public static FirstLoad Watch(IServiceProvider services) =>
        Watch(services.GetRequiredService<IModelStatus>(), services.GetRequiredService<IHostApplicationLifetime>());

    /// <exception cref="StartRefusedException">The first model could not be loaded.</exception>
    public void ThrowIfRefused()
    {
        if (_refusal is { } refusal)
        {
            throw refusal;
        }
    }

    internal static FirstLoad Watch(IModelStatus status, IHostApplicationLifetime lifetime)
    {
        var first = new FirstLoad();
        _ = first.WatchAsync(status, lifetime);
        return first;
    }

    private async Task WatchAsync(IModelStatus status, IHostApplicationLifetime lifetime)
    {
        if (await status.LoadingEnded is not { } failure)
        {
            return;
        }

        _refusal = new([CallerErrors.LoadReason(failure)]) { ExitCode = ExitCodeOf(failure) };
        lifetime.ApplicationStarted.Register(lifetime.StopApplication); // at once if it has started; a host that is stopped while it starts fails
    }

    private static int ExitCodeOf(Exception failure) => failure switch
    {
        CheckpointException { IsTransient: false } or DeviceUnavailableException => StartFailures.ExitCode,
        CheckpointException or IOException or OutOfDeviceMemoryException => StartFailures.TemporaryExitCode,
        _ => StartFailures.DefectExitCode,
    };
}
