namespace CtfService.Api.Bodies;

/// <summary>Handles HEAD as GET without a body (RFC 9110, 9.3.2), on every route that supports GET.</summary>
internal static class HeadRequests
{
    /// <summary>Returns true if the client sent HEAD. Endpoints need it only if a body is costly.</summary>
    public static bool IsHead(HttpContext context) => context.Features.Get<HeadRequest>() is not null;

    /// <summary>Must precede routing, which then sees a GET.</summary>
    public static void UseHeadRequests(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await next(context);
            return;
        }

        context.Request.Method = HttpMethods.Get;
        context.Response.Body = Stream.Null;
        context.Features.Set(new HeadRequest());
        try
        {
            await next(context);
        }
        finally
        {
            context.Request.Method = HttpMethods.Head; // for metrics and logs
        }
    });

    /// <summary>Marks a request whose method was HEAD.</summary>
    private sealed class HeadRequest;
}
