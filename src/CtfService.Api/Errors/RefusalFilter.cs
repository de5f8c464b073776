namespace CtfService.Api.Errors;

/// <summary>
/// Responds to a refused request where its endpoint would have responded, so that middleware treats both responses alike: security headers, limits on sending
/// and idempotency. An exception that passed the middleware would lose them.
/// </summary>
internal sealed class RefusalFilter(ErrorWriter writer) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (RequestRefusedException refused)
        {
            await writer.WriteAsync(context.HttpContext, refused.Error);
            return Results.Empty;
        }
    }
}
