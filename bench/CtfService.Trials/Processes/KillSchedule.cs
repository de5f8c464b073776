using CtfService.Trials.Reports;

namespace CtfService.Trials.Processes;

/// <summary>Kills a random process at intervals and starts it again at once; restarts the database twice, once as a crash.</summary>
/// <param name="database">Null without a database server.</param>
internal sealed class KillSchedule(IReadOnlyList<ServiceInstance> services, PostgresServer? database, TimeSpan interval, TimeSpan duration)
{
    private readonly Random _random = new(20);
    private readonly List<long> _restarts = [];

    public int DatabaseRestarts { get; private set; }

    /// <summary>Timestamps at which a killed process was started again.</summary>
    public IReadOnlyList<long> Restarts => _restarts;

    public async Task RunAsync(CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var started = TimeProvider.System.GetTimestamp();
        var readiness = new List<Task>();
        for (var due = interval; due <= duration; due += interval)
        {
            await Task.Delay(Max(due - TimeProvider.System.GetElapsedTime(started), TimeSpan.Zero), TimeProvider.System, cancellation);
            var service = services[_random.Next(services.Count)];
            service.Kill();
            service.Start();
            _restarts.Add(TimeProvider.System.GetTimestamp());
            TrialReport.Progress($"kill -9 of {service.Name}");
            readiness.Add(IgnoreAsync(service.ReadyAsync(stop.Token)));
            await RestartDatabaseAsync(due);
        }

        await Task.WhenAll(services.Select(service => service.ReadyAsync(cancellation)));
        await stop.CancelAsync();
        await Task.WhenAll(readiness);
    }

    /// <summary>Restarts the database after a third and after two thirds of the time.</summary>
    private async Task RestartDatabaseAsync(TimeSpan elapsed)
    {
        if (database is not null && DatabaseRestarts < 2 && elapsed >= duration * (DatabaseRestarts + 1) / 3)
        {
            var isCrash = DatabaseRestarts == 1;
            await database.RestartAsync(isCrash);
            DatabaseRestarts++;
            TrialReport.Progress($"restart of PostgreSQL {(isCrash ? "(crash)" : "(fast)")}");
        }
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

    /// <summary>A process that is killed again before it is ready is no failure; the last wait of each decides.</summary>
    private static async Task IgnoreAsync(Task task) =>
        await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
