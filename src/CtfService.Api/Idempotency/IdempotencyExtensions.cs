using CtfService.Api.Errors;

namespace CtfService.Api.Idempotency;

/// <summary>Adds idempotent requests: repeating one replays its response.</summary>
internal static class IdempotencyExtensions
{
    public static IServiceCollection AddIdempotency(this IServiceCollection services) => services.AddSingleton<IdempotencyStore>();

    /// <summary>Runs after error handling and authentication, which it depends on, and before the endpoints.</summary>
    public static void UseIdempotency(this WebApplication app) => app.UseMiddleware<IdempotencyMiddleware>();

    /// <summary>
    /// Makes the endpoint support the header <c>Idempotency-Key</c>. Not for streamed responses, because the response is buffered until complete.
    /// </summary>
    public static RouteHandlerBuilder WithIdempotency(this RouteHandlerBuilder route)
    {
        route.ProducesErrors(StatusCodes.Status422UnprocessableEntity);
        return route.WithMetadata(new IdempotentEndpoint());
    }
}

/// <summary>Marks an endpoint that supports the header.</summary>
internal sealed class IdempotentEndpoint;
