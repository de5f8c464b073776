namespace CtfService.Api.Memory;

/// <summary>
/// Returns freed memory to the system once a minute. Without it, glibc keeps what image codecs and libtorch free, and the process grows for hours.
/// </summary>
/// <param name="trim">Returns the freed memory.</param>
internal sealed class MemoryTrim(Action trim, TimeProvider clock) : IHostedService, IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private ITimer? _timer;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _timer = clock.CreateTimer(_ => trim(), state: null, Interval, Interval);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose() => _timer?.Dispose();
}
