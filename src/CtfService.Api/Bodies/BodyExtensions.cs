using CtfService.Api.Configuration;
using CtfService.Api.Telemetry;
using Microsoft.AspNetCore.Diagnostics;

namespace CtfService.Api.Bodies;

/// <summary>Reads request bodies with a deadline, and handles clients that hang up at any byte.</summary>
internal static class BodyExtensions
{
    /// <summary>
    /// Runs inside the error handling, which would otherwise respond to a disconnected client and log that it cannot. Status 499 is for telemetry only and
    /// is not sent.
    /// </summary>
    public static void UseRequestBodies(this WebApplication app)
    {
        var timeout = app.Services.GetRequiredService<LimitsOptions>().BodyTimeout;
        var clock = app.Services.GetRequiredService<TimeProvider>();
        app.Use(async (http, next) =>
        {
            var body = http.Request.Body;
            await using var watched = new RequestBody(body, timeout, clock, http.RequestAborted);
            http.Request.Body = watched;
            try
            {
                await next(http);
            }
            catch (Exception error) when (IsHangUp(http, error))
            {
                RequestRecord.Of(http)?.HungUp();
                if (!http.Response.HasStarted)
                {
                    http.Features.Get<IStatusCodePagesFeature>()?.Enabled = false;
                    http.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
                }
            }
            finally
            {
                http.Request.Body = body; // the body stream of the web server, which drains it
            }
        });
    }

    private static bool IsHangUp(HttpContext http, Exception error) =>
        error is HangUpException || (error is OperationCanceledException or IOException && http.RequestAborted.IsCancellationRequested);
}
