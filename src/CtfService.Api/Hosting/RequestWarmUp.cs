using CtfService.Api.Contracts;
using CtfService.Inference.Routing;
using CtfService.Inference.Telemetry;

namespace CtfService.Api.Hosting;

/// <summary>
/// Sends requests of each kind through the middleware of the service before it is ready. They start behind the request telemetry, so that no log line and no
/// metric of requests contains them; the metrics of images do.
/// </summary>
internal sealed partial class RequestWarmUp(
    IServiceScopeFactory scopes, IHostApplicationLifetime lifetime, TimeProvider clock, ILogger<RequestWarmUp> logger) : IRequestWarmUp
{
    private const string Generations = $"{ImageRoutes.Group}/{ImageRoutes.Generations}";

    /// <summary>Time limit of all requests. A model that takes longer for an image hides what compiling costs.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    /// <summary>JSON with PNG, a file and a stream, one for each image format; with and without guidance, which have a different number of rows.</summary>
    private static readonly WarmUpRequest[] Requests =
    [
        new(Generations, """{"class_label":0,"seed":0}""", MediaTypes.Json),
        new(Generations, """{"class_label":0,"seed":1,"guidance_scale":1,"top_k":9,"top_p":0.9}""", "image/webp"),
        new(Generations, """{"class_label":0,"seed":2,"stream":true,"partial_images":1,"output_format":"jpeg"}""", MediaTypes.EventStream),
    ];

    private readonly TaskCompletionSource<RequestDelegate> _pipeline = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Sets the middleware that the requests pass. Called when the host starts.</summary>
    public void Through(RequestDelegate pipeline) => _pipeline.TrySetResult(pipeline);

    public async Task RunAsync()
    {
        var started = clock.GetTimestamp();
        using var limit = new CancellationTokenSource(Limit, clock);
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, lifetime.ApplicationStopping);
        try
        {
            var pipeline = await _pipeline.Task.WaitAsync(lifetime.ApplicationStopping);
            // Together, so that their images share steps, as those of several callers do, and both cores compile.
            await Task.WhenAll(Requests.Select(request => Task.Run(() => SendAsync(request, pipeline, cancellation.Token))))
                .WaitAsync(cancellation.Token); // should one not notice that it is cancelled
            Log.WarmedUp(logger, clock.GetElapsedTime(started));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            if (limit.IsCancellationRequested)
            {
                Log.WarmedUp(logger, clock.GetElapsedTime(started));
            }
        }
    }

    private async Task SendAsync(WarmUpRequest request, RequestDelegate pipeline, CancellationToken cancellation)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var status = await request.SendAsync(pipeline, scope.ServiceProvider, cancellation);
            if (status >= StatusCodes.Status400BadRequest && !cancellation.IsCancellationRequested)
            {
                Log.Failed(logger, request.Json, $"status {status}");
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Out of time.
        }
        // Whatever fails here fails for a caller too, who gets an error for it; the service may still serve others.
        catch (Exception error)
        {
            Log.Failed(logger, request.Json, error.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.RequestsWarmedUp, LogLevel.Information, "Warm-up requests ended after {Elapsed}")]
        public static partial void WarmedUp(ILogger logger, TimeSpan elapsed);

        [LoggerMessage(EventIds.WarmUpFailed, LogLevel.Warning, "A warm-up request failed ({Reason}), so the first requests may be slow: {Request}")]
        public static partial void Failed(ILogger logger, string request, string reason);
    }
}

/// <summary>Adds the warm-up to the service and to its middleware.</summary>
internal static class RequestWarmUpExtensions
{
    public static void AddRequestWarmUp(this IServiceCollection services) => services.AddSingleton<IRequestWarmUp, RequestWarmUp>();

    /// <summary>The requests of the warm-up start here.</summary>
    public static void UseRequestWarmUp(this WebApplication app)
    {
        if (app.Services.GetService<IRequestWarmUp>() is RequestWarmUp warmUp)
        {
            app.Use(next =>
            {
                warmUp.Through(next);
                return next;
            });
        }
    }
}
