using CtfService.Api.Http;

namespace CtfService.Api.Security;

/// <summary>Headers of every answer, errors included: what a browser may do with it, and the request's id in the log.</summary>
internal static class ResponseHeaders
{
    /// <summary>JSON and images have nothing to load and no page to be in.</summary>
    private const string ApiPolicy = "default-src 'none'; frame-ancestors 'none'";

    /// <summary>Our pages load what we serve, and nothing else. Swagger UI styles its elements inline and shows images from memory.</summary>
    private const string PagePolicy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static void UseResponseHeaders(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        context.Response.OnStarting(Write, context); // the error handler clears what is set earlier
        return next(context);
    });

    private static Task Write(object state)
    {
        var context = (HttpContext)state;
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = ApiPaths.Contains(context.Request.Path) ? ApiPolicy : PagePolicy;
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin"; // scripts of an allowed origin use CORS, which this does not touch
        headers[CustomHeaders.RequestId] = context.TraceIdentifier;
        return Task.CompletedTask;
    }
}
