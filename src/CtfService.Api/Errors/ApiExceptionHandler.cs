using Microsoft.AspNetCore.Diagnostics;

namespace CtfService.Api.Errors;

/// <summary>
/// Responds to an exception with the error that it means. Not called if the caller has disconnected:
/// the framework then ends the request with 499 and logs nothing.
/// </summary>
internal sealed class ApiExceptionHandler(ErrorWriter writer, ErrorDescriber errors) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        await writer.WriteAsync(httpContext, errors.Describe(httpContext, exception));
        return true;
    }
}
