namespace CtfService.Api.Security;

/// <summary>The key of a request, configured or stored, which authentication has found.</summary>
internal static class CallerKey
{
    /// <summary>Returns null without a key.</summary>
    public static ApiKeyOptions? Of(HttpContext http) => http.Features.Get<ApiKeyOptions>();

    public static void Set(HttpContext http, ApiKeyOptions key) => http.Features.Set(key);
}
