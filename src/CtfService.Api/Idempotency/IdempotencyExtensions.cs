using CtfService.Api.Errors;

namespace CtfService.Api.Idempotency;

/// <summary>Requests that can be sent again without being done again.</summary>
internal static class IdempotencyExtensions
{
    public static IServiceCollection AddIdempotency(this IServiceCollection services) => services.AddSingleton<IdempotencyStore>();

    /// <summary>After errors and sign-in, whose results it needs; before the endpoints.</summary>
    public static void UseIdempotency(this WebApplication app) => app.UseMiddleware<IdempotencyMiddleware>();

    /// <summary>The endpoint obeys the header <c>Idempotency-Key</c>. Not for answers that are streamed: they are held back until they are whole.</summary>
    public static RouteHandlerBuilder WithIdempotency(this RouteHandlerBuilder route)
    {
        route.ProducesErrors(StatusCodes.Status422UnprocessableEntity);
        return route.WithMetadata(new IdempotentEndpoint());
    }
}

/// <summary>Marks an endpoint that obeys the header.</summary>
internal sealed class IdempotentEndpoint;
