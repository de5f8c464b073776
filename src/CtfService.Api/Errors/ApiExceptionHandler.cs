using Microsoft.AspNetCore.Diagnostics;

namespace CtfService.Api.Errors;

/// <summary>
/// Turns whatever an endpoint throws into an answer. Expected exceptions are not logged: they are the caller's, or were logged where
/// they happened. A caller who hung up never gets here: the framework answers 499 without a line in the log.
/// </summary>
internal sealed partial class ApiExceptionHandler(ErrorWriter writer, JsonFaults jsonFaults, ILogger<ApiExceptionHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        var error = ExceptionMapping.Map(exception, jsonFaults);
        if (error is null)
        {
            Log.Unexpected(logger, httpContext.Request.Method, httpContext.Request.Path, exception);
            error = new ApiError(
                StatusCodes.Status500InternalServerError,
                $"The service met an unexpected error. Its log has the details under request {httpContext.TraceIdentifier}.",
                "internal_error");
        }

        await writer.WriteAsync(httpContext, error);
        return true;
    }
}
