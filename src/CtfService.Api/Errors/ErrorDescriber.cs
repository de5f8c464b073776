using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Metadata;

namespace CtfService.Api.Errors;

/// <summary>
/// Says what an exception means to the caller. Expected ones are not logged: they are the caller's, or were logged where they happened.
/// </summary>
internal sealed partial class ErrorDescriber(JsonProblems jsonProblems, ILogger<ErrorDescriber> logger)
{
    public ApiError Describe(HttpContext context, Exception exception)
    {
        if (ExceptionMapping.Map(exception, jsonProblems, RequestType(context)) is { } expected)
        {
            return expected;
        }

        Log.Unexpected(logger, context.TraceIdentifier, context.Request.Method, context.Request.Path, exception);
        return new ApiError(
            StatusCodes.Status500InternalServerError,
            $"The service met an unexpected error. Its log has the details under request {context.TraceIdentifier}.",
            "internal_error");
    }

    /// <summary>The exception handler runs without an endpoint, and keeps the one that failed.</summary>
    private static Type? RequestType(HttpContext context)
    {
        var endpoint = context.GetEndpoint() ?? context.Features.Get<IExceptionHandlerFeature>()?.Endpoint;
        return endpoint?.Metadata.GetMetadata<IAcceptsMetadata>()?.RequestType;
    }
}
