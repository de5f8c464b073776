using CtfService.Api.Errors;

namespace CtfService.Api.Security;

/// <summary>Charges each request to an endpoint of callers when it arrives, before its body is read.</summary>
internal sealed class RateLimitMiddleware(RequestDelegate next, CallerUsage usage, ErrorWriter errors)
{
    public async Task InvokeAsync(HttpContext http)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<RateLimitedEndpoint>() is not null && await usage.ArriveAsync(http) is { } refusal)
        {
            await errors.WriteAsync(http, refusal);
            return;
        }

        await next(http);
    }
}

/// <summary>Marks an endpoint whose requests count in the limits of their callers.</summary>
internal sealed class RateLimitedEndpoint;
