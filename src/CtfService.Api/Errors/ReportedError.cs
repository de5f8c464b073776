namespace CtfService.Api.Errors;

/// <summary>Keeps the error that the caller got, for telemetry.</summary>
internal static class ReportedError
{
    /// <summary>Returns null if the caller got no error.</summary>
    public static ApiError? Of(HttpContext http) => http.Features.Get<ApiError>();

    /// <summary>Keeps the first error only: what follows is a consequence of it.</summary>
    public static void Set(HttpContext http, ApiError error)
    {
        if (Of(http) is null)
        {
            http.Features.Set(error);
        }
    }
}
