using CtfService.Api.Configuration;
using CtfService.Api.Hosting;
using CtfService.Api.Idempotency;
using CtfService.Inference.Telemetry;
using CtfService.Model.Memory;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Memory;

/// <summary>
/// Logs which settings are reduced to fit into the container's memory, and warns when the process comes near the limit: should the system end it, the log has
/// the reason.
/// </summary>
/// <param name="limit">Bytes.</param>
/// <param name="used">Returns the bytes in use; null if they cannot be read.</param>
/// <param name="reductions">The reduced settings.</param>
internal sealed partial class MemoryWatch(
    long limit, Func<long?> used, IReadOnlyList<string> reductions, TimeProvider clock, ILogger<MemoryWatch> logger) : BackgroundService
{
    private const double Near = 0.9;

    private const double Far = 0.8; // of the limit; below it, the next warning may come

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (reductions.Count > 0)
        {
            Log.Reduced(logger, limit >> 20, string.Join(", ", reductions));
        }

        using var timer = new PeriodicTimer(Interval, clock);
        for (var isNear = false; await timer.WaitForNextTickAsync(stoppingToken);)
        {
            var now = used() ?? 0;
            if (!isNear && now > limit * Near)
            {
                Log.Near(logger, now >> 20, limit >> 20);
            }

            isNear = now > limit * (isNear ? Far : Near);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(
            EventIds.MemoryReduced, LogLevel.Information, "The process may use {Limit} MiB of memory, so these settings are reduced: {Reductions}")]
        public static partial void Reduced(ILogger logger, long limit, string reductions);

        [LoggerMessage(
            EventIds.MemoryNearLimit,
            LogLevel.Warning,
            "The process uses {Used} MiB of the {Limit} MiB of memory that it may use. Above the limit the system ends it. Raise the limit or lower Limits")]
        public static partial void Near(ILogger logger, long used, long limit);
    }
}

/// <summary>Fits the service into the memory of its container.</summary>
internal static class MemoryExtensions
{
    /// <summary>Reduces settings that would take too much memory. Does nothing if the process may use the whole memory of the machine.</summary>
    /// <exception cref="StartRefusedException">The memory is too small for the service.</exception>
    public static void FitIntoContainer(this WebApplicationBuilder builder)
    {
        if (ContainerMemory.Limit is not { } limit)
        {
            return;
        }

        var budget = new MemoryBudget(limit);
        budget.Require();
        var services = builder.Services;
        services.AddSingleton(provider => budget.Fit(SetOf<LimitsOptions>(provider)));
        if (!builder.Configuration.KeepsResponsesInDatabase())
        {
            services.AddSingleton(provider => budget.Fit(SetOf<IdempotencyOptions>(provider)));
        }

        services.AddHostedService(provider => new MemoryWatch(
            limit,
            ContainerMemory.Used,
            MemoryBudget.Reductions(
                (SetOf<LimitsOptions>(provider), SetOf<IdempotencyOptions>(provider)),
                (provider.GetRequiredService<LimitsOptions>(), provider.GetRequiredService<IdempotencyOptions>())),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<MemoryWatch>>()));
    }

    private static TOptions SetOf<TOptions>(IServiceProvider provider)
        where TOptions : class => provider.GetRequiredService<IOptions<TOptions>>().Value;
}
