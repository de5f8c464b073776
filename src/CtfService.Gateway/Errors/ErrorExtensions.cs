namespace CtfService.Gateway.Errors;

/// <summary>Turns what the gateway's own code throws into responses.</summary>
internal static partial class ErrorExtensions
{
    public static void UseErrors(this WebApplication app) => app.Use(async (context, next) =>
    {
        try
        {
            await next(context);
        }
        catch (BadHttpRequestException bad) when (!context.Response.HasStarted)
        {
            await GatewayErrors.BadBody(bad.StatusCode, bad.Message).WriteAsync(context);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Abort(); // the client hung up
        }
        catch (Exception error) when (!context.Response.HasStarted)
        {
            Log.Failed(app.Logger, context.TraceIdentifier, error);
            await GatewayErrors.Internal.WriteAsync(context);
        }
    });

    private static partial class Log
    {
        [LoggerMessage(Telemetry.GatewayEventIds.RequestFailed, LogLevel.Error, "Request {RequestId} failed in the gateway")]
        public static partial void Failed(ILogger logger, string requestId, Exception error);
    }
}
