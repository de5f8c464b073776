namespace CtfService.Api.Bodies;

/// <summary>Handles HEAD as GET without a body (RFC 9110, 9.3.2), on every route that supports GET.</summary>
internal static class HeadRequests
{
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
        try
        {
            await next(context);
        }
        finally
        {
            context.Request.Method = HttpMethods.Head; // for metrics and logs
        }
    });
}
