using CtfService.Api.Configuration;
using CtfService.Api.Errors;
using CtfService.Api.Telemetry;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Diagnostics;

namespace CtfService.Api.Bodies;

/// <summary>
/// The body of a request with a deadline. Late bodies are refused, and a client that hangs up is distinguished from one that sends an invalid body. Not
/// thread-safe.
/// </summary>
/// <param name="aborted">Cancelled when the connection ends.</param>
internal sealed class RequestBody(Stream inner, BodyTimeLimit limit, TimeProvider clock, CancellationToken aborted) : BodyStream
{
    private CancellationTokenSource? _deadline; // from the first read

    /// <exception cref="RequestRefusedException">408: the body did not arrive in time.</exception>
    /// <exception cref="HangUpException">The client hung up.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _deadline ??= new CancellationTokenSource(limit.Time, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_deadline.Token, cancellationToken);
        try
        {
            return await inner.ReadAsync(buffer, either.Token);
        }
        catch (OperationCanceledException) when (_deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new RequestRefusedException(StatusErrors.BodyTimeout(limit.Time, limit.Setting));
        }
        catch (IOException error) when (IsHangUp(error))
        {
            throw new HangUpException(error);
        }
    }

    protected override void Dispose(bool disposing)
    {
        _deadline?.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>
    /// Kestrel reports a body that ends before its length with the status of any other bad request, so the message text distinguishes them; a socket test
    /// covers this.
    /// </summary>
    private bool IsHangUp(IOException error) =>
        aborted.IsCancellationRequested || error is ConnectionResetException
        || (error is BadHttpRequestException && error.Message.Contains("end of request content", StringComparison.Ordinal));
}

/// <summary>The client hung up while the request was read. Not an I/O error, because body readers would report that as a problem of the body.</summary>
internal sealed class HangUpException(Exception inner) : OperationCanceledException("The caller hung up.", inner);

/// <summary>Time in which the body of a request must arrive. An endpoint has its own as metadata.</summary>
/// <param name="Setting">The setting that defines it.</param>
internal sealed record BodyTimeLimit(TimeSpan Time, string Setting);

/// <summary>Reads request bodies with a deadline, and handles clients that hang up at any point.</summary>
internal static class RequestBodyExtensions
{
    /// <summary>
    /// Runs inside the error handling, which would otherwise respond to a disconnected client and log that it cannot. Status 499 is for telemetry only and
    /// is not sent.
    /// </summary>
    public static void UseRequestBodies(this WebApplication app)
    {
        var usual = new BodyTimeLimit(
            app.Services.GetRequiredService<LimitsOptions>().BodyTimeout, $"{LimitsOptions.SectionName}:{nameof(LimitsOptions.BodyTimeout)}");
        var clock = app.Services.GetRequiredService<TimeProvider>();
        app.Use(async (http, next) =>
        {
            var body = http.Request.Body;
            var limit = http.GetEndpoint()?.Metadata.GetMetadata<BodyTimeLimit>() ?? usual;
            await using var watched = new RequestBody(body, limit, clock, http.RequestAborted);
            http.Request.Body = watched;
            try
            {
                await next(http);
            }
            catch (Exception error) when (IsHangUp(http, error))
            {
                RequestRecord.Of(http)?.HungUp();
                if (!http.RequestAborted.IsCancellationRequested)
                {
                    http.Abort(); // the web server does not know yet, and would log an error when it reads the rest of the body
                }

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
