namespace CtfService.Api.Errors;

/// <summary>Keeps the first error that a request was answered with, for telemetry.</summary>
internal static class ReportedError
{
    /// <summary>Returns null if the request was not answered with an error.</summary>
    public static ApiError? Of(HttpContext http) => http.Features.Get<ApiError>();

    public static void Set(HttpContext http, ApiError error)
    {
        if (Of(http) is null)
        {
            http.Features.Set(error);
        }
    }
}
