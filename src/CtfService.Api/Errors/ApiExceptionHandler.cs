using Microsoft.AspNetCore.Diagnostics;

namespace CtfService.Api.Errors;

/// <summary>
/// Turns whatever an endpoint throws into an answer. A caller who hung up never gets here: the framework answers 499 without a line in the log.
/// </summary>
internal sealed class ApiExceptionHandler(ErrorWriter writer, ErrorDescriber errors) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        await writer.WriteAsync(httpContext, errors.Describe(httpContext, exception));
        return true;
    }
}
