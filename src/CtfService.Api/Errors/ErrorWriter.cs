using Microsoft.AspNetCore.Mvc;

namespace CtfService.Api.Errors;

/// <summary>Writes an error in the shape its path promises: OpenAI's under /v1, RFC 9457 elsewhere.</summary>
internal sealed class ErrorWriter(IProblemDetailsService problems)
{
    public async Task WriteAsync(HttpContext context, ApiError error)
    {
        context.Response.StatusCode = error.Status;
        if (error.RetryAfter is { } wait)
        {
            context.Response.Headers.RetryAfter = $"{Math.Max(1, Math.Ceiling(wait.TotalSeconds)):0}";
        }

        if (ApiPaths.Contains(context.Request.Path))
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
