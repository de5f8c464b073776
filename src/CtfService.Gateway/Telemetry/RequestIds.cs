namespace CtfService.Gateway.Telemetry;

/// <summary>Gives each request an <c>X-Request-Id</c>, so that the logs of gateway and replica name it alike; a client's own id is kept.</summary>
internal static class RequestIds
{
    public const string Header = "X-Request-Id";

    private const int MaxLength = 128;

    public static void UseRequestIds(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        if (context.Request.Headers[Header] is [{ Length: > 0 and <= MaxLength } id] && !id.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            context.TraceIdentifier = id;
        }
        else
        {
            context.TraceIdentifier = $"{Guid.CreateVersion7():N}";
            context.Request.Headers[Header] = context.TraceIdentifier;
        }

        context.Response.OnStarting(() =>
        {
            context.Response.Headers.TryAdd(Header, context.TraceIdentifier);
            return Task.CompletedTask;
        });
        return next(context);
    });
}
