using CtfService.Jobs.Files;
using CtfService.Jobs.Work;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Metadata;

namespace CtfService.Api.Errors;

/// <summary>
/// Describes an exception to the caller. Logs unexpected exceptions only: expected ones are the caller's mistake, or were logged where they occurred.
/// </summary>
internal sealed partial class ErrorDescriber(JsonProblems jsonProblems, ILogger<ErrorDescriber> logger)
{
    public ApiError Describe(HttpContext context, Exception exception)
    {
        if (ExceptionMapping.Map(exception, jsonProblems, RequestType(context)) is { } expected)
        {
            if (exception is FileStoreUnavailableException or JobStoreUnavailableException)
            {
                Log.StorageUnavailable(logger, context.TraceIdentifier, context.Request.Method, context.Request.Path, exception.Message);
            }

            return expected;
        }

        Log.Unexpected(logger, context.TraceIdentifier, context.Request.Method, context.Request.Path, exception);
        return new ApiError(
            StatusCodes.Status500InternalServerError,
            $"An unexpected error occurred. See the service's log for request {context.TraceIdentifier}.",
            "internal_error");
    }

    /// <summary>Returns the type of the JSON body. The exception handler runs without an endpoint, but keeps the one that failed.</summary>
    private static Type? RequestType(HttpContext context)
    {
        var endpoint = context.GetEndpoint() ?? context.Features.Get<IExceptionHandlerFeature>()?.Endpoint;
        return endpoint?.Metadata.GetMetadata<IAcceptsMetadata>()?.RequestType;
    }
}
