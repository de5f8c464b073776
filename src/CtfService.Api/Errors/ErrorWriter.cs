using CtfService.Api.Contracts;
using Microsoft.AspNetCore.Mvc;

namespace CtfService.Api.Errors;

/// <summary>Writes an error in the shape of its path: OpenAI's under /v1, problem details (RFC 9457) elsewhere. Thread-safe.</summary>
internal sealed class ErrorWriter(IProblemDetailsService problems)
{
    /// <summary>Does nothing if the caller has disconnected; an exception would be logged as an error of the service.</summary>
    public async Task WriteAsync(HttpContext context, ApiError error)
    {
        Report(context, error);
        try
        {
            await WriteToCallerAsync(context, error);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
        }
    }

    /// <summary>
    /// Sets the error that the caller gets as a feature of the request, for telemetry. Only the first error counts: what follows is a consequence of it.
    /// </summary>
    public static void Report(HttpContext context, ApiError error)
    {
        if (context.Features.Get<ApiError>() is null)
        {
            context.Features.Set(error);
        }
    }

    private async Task WriteToCallerAsync(HttpContext context, ApiError error)
    {
        context.Response.StatusCode = error.Status;
        if (error.RetryAfter is { } wait)
        {
            context.Response.Headers.RetryAfter = $"{Math.Max(1, Math.Ceiling(wait.TotalSeconds)):0}";
        }

        if (ApiPaths.Contains(context.Request.Path) || ApiPaths.Corrected(context.Request.Path) is not null)
        {
            await context.Response.WriteAsJsonAsync(error.ToResponse(), context.RequestAborted);
        }
        else
        {
            await problems.TryWriteAsync(new ProblemDetailsContext
            {
                HttpContext = context,
                ProblemDetails = new ProblemDetails { Status = error.Status, Detail = error.Message },
            });
        }
    }
}
