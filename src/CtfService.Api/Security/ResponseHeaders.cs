using CtfService.Api.Contracts;

namespace CtfService.Api.Security;

/// <summary>Adds headers to every response, errors included: security headers for browsers, and the id of the request in the log.</summary>
internal static class ResponseHeaders
{
    /// <summary>JSON and images load nothing and must not be framed.</summary>
    private const string ApiPolicy = "default-src 'none'; frame-ancestors 'none'";

    /// <summary>The page for people loads only what this service serves, and shows images from memory.</summary>
    private const string StudioPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>Swagger UI also uses inline styles.</summary>
    private const string SwaggerPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static void UseResponseHeaders(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        context.Response.OnStarting(Write, context); // the error handler clears headers that are set earlier
        return next(context);
    });

    private static Task Write(object state)
    {
        var context = (HttpContext)state;
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = Policy(context.Request.Path);
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin"; // scripts of an allowed origin use CORS, which this does not affect
        headers[CustomHeaders.RequestId] = context.TraceIdentifier;
        return Task.CompletedTask;
    }

    private static string Policy(PathString path) =>
        ApiPaths.Contains(path) ? ApiPolicy
        : path.StartsWithSegments("/swagger", StringComparison.OrdinalIgnoreCase) ? SwaggerPolicy
        : StudioPolicy;
}
