using CtfService.Api.Contracts;

namespace CtfService.Api.Errors;

/// <summary>Documents the errors of an endpoint.</summary>
internal static class ErrorMetadata
{
    public static void ProducesErrors(this RouteHandlerBuilder route, params int[] statuses)
    {
        foreach (var status in statuses)
        {
            route.Produces<ErrorResponse>(status);
        }
    }
}
