using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace CtfService.Api.Hosting;

/// <summary>Logs once that the model is loaded and the service listens, with its addresses, for the person who started it.</summary>
internal sealed partial class ReadyNotice(
    IModelStatus status, IServer server, IHostApplicationLifetime lifetime, ILogger<ReadyNotice> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var listens = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var started = lifetime.ApplicationStarted.Register(listens.SetResult);
        await Task.WhenAll(listens.Task, status.LoadingEnded).WaitAsync(stoppingToken);
        if (status.Current is ModelStatus.Ready ready)
        {
            Log.Ready(logger, ready.Model.Name, string.Join(" or ", server.Features.Get<IServerAddressesFeature>()?.Addresses ?? []));
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.ServiceReady, LogLevel.Information, "{Model} is ready, open {Addresses}")]
        public static partial void Ready(ILogger logger, string model, string addresses);
    }
}
