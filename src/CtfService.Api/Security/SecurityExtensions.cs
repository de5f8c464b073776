using CtfService.Api.Http;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.RateLimiting;

namespace CtfService.Api.Security;

/// <summary>Keys, rate limits, CORS and headers, in the order that makes them work together.</summary>
internal static class SecurityExtensions
{
    /// <summary>Answer headers a script of another origin may read.</summary>
    private static readonly string[] ExposedHeaders =
    [
        "ETag", CustomHeaders.IdempotentReplayed, "Retry-After", "WWW-Authenticate", CustomHeaders.ClassLabel,
        CustomHeaders.RequestId, CustomHeaders.Seed, CustomHeaders.Warnings,
    ];

    public static IServiceCollection AddSecurity(this IServiceCollection services)
    {
        services.AddSingleton<ApiKeyRing>();
        // AddAuthentication would add data protection, too: keys written to the disk of a service that encrypts nothing, and a warning where the disk is read-only.
        services.AddAuthenticationCore(authentication => authentication.DefaultScheme = ApiKeyHandler.SchemeName).AddWebEncoders();
        new AuthenticationBuilder(services).AddScheme<AuthenticationSchemeOptions, ApiKeyHandler>(ApiKeyHandler.SchemeName, configureOptions: null);
        Policies.Define(services.AddAuthorizationBuilder());
        services.AddRateLimiter();
        services.AddOptions<RateLimiterOptions>().Configure<SecurityOptions>(RateLimits.Define);
        services.AddCors();
        services.AddOptions<CorsOptions>().Configure<SecurityOptions>((cors, security) => cors.AddDefaultPolicy(policy => policy
            .WithOrigins([.. security.AllowedOrigins])
            .WithMethods("GET", "POST")
            .AllowAnyHeader()
            .WithExposedHeaders(ExposedHeaders)));
        return services;
    }

    /// <summary>Limits come after keys, so that they count per key, and before refusals, so that guessing keys is limited too.</summary>
    public static void UseSecurity(this WebApplication app)
    {
        app.UseHsts(); // only on HTTPS, never for localhost
        app.UseCors();
        app.UseAuthentication();
        app.UseRateLimiter();
        app.UseAuthorization();
    }

    /// <summary>Where endpoints for callers are mapped: a key where keys are asked for, and the caller's rate limit.</summary>
    public static RouteGroupBuilder MapGuarded(this IEndpointRouteBuilder routes) =>
        routes.MapGroup("").RequireAuthorization(Policies.Caller).RequireRateLimiting(RateLimits.Policy);
}
